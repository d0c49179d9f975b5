import type { Api, ApiEvent } from '../../src-main/contract/api.ts';
import type { AddedPicture, DocumentPages } from '../../src-main/contract/conversation.ts';

/** How the window reaches the main process, whichever door it came through. */
export interface Bridge {
  readonly api: Api;
  /**
   * `lost` while the main process can't be reached, `refused` when it does not know this tab; calls then fail with an error that
   * says so.
   */
  readonly connection: { readonly state: 'connecting' | 'open' | 'lost' | 'refused' };
  listen(listener: (event: ApiEvent) => void): () => void;
  onConnection(listener: (state: Bridge['connection']['state']) => void): () => void;
  /** Tries at once to reach the main process again; undefined where the connection can't be lost. */
  reconnect?: () => void;
  /** Keeps a picture's bytes, or a document's page (from 1), for sending; rejects with advice when it is none. */
  addPicture(file: Blob, name: string, page?: number): Promise<AddedPicture>;
  /** What a document's pages look like, some from `first` on. */
  documentPages(file: Blob, name: string, first: number): Promise<DocumentPages>;
  pictureUrl(hash: string): string;
  /** The path of a dropped or chosen file, where the door knows it (Electron); undefined in a browser. */
  pathOf(file: File): string | undefined;
  /** Asks for model files by the system's dialog; undefined where the door has none. */
  chooseModels?: () => Promise<readonly string[]>;
  /** Asks for a folder by the system's dialog; null when the person chose none. Undefined where the door has no dialog. */
  chooseFolder?: () => Promise<string | null>;
  showInFolder?: (path: string) => Promise<void>;
  /** Opens the folder of the log in the system's file manager. */
  openLogs?: () => Promise<void>;
}

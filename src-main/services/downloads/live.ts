import type { Download } from '../../contract/downloads.ts';
import type { StoredDownload } from '../../store/downloads.ts';
import type { DownloadEvent } from './download-model.ts';
import { Pace } from './pace.ts';

/** A download while it runs: what is told of it, from its events. */
export class LiveDownload {
  readonly #pace = new Pace();
  #stored: StoredDownload;

  constructor(stored: StoredDownload) {
    this.#stored = stored;
  }

  get stored(): StoredDownload {
    return this.#stored;
  }

  get view(): Download {
    const { bytesPerSecond } = this.#pace;
    const plain = viewOf(this.#stored);
    const left = plain.bytes === null ? null : plain.bytes - plain.doneBytes;
    const secondsLeft = left === null ? null : this.#pace.secondsLeft(left);
    return { ...plain, ...(plain.state === 'downloading' ? { bytesPerSecond, secondsLeft } : {}) };
  }

  /** Takes a change of what is kept. */
  change(change: Partial<StoredDownload>): void {
    this.#stored = { ...this.#stored, ...change };
  }

  /** Takes an event; true where what it changes has to be kept at once. */
  see(event: DownloadEvent): boolean {
    const { files, state } = this.#stored;
    switch (event.kind) {
      case 'begun':
        this.change({
          commit: event.commit,
          folder: event.folder,
          error: null,
          files: files.map((file, index) => ({ ...file, bytes: event.bytes[index] ?? file.bytes })),
        });
        return true;
      case 'bytes':
        this.change({
          state: 'downloading',
          files: files.map((file) => (file.path === event.path ? { ...file, doneBytes: event.done } : file)),
        });
        this.#pace.see(viewOf(this.#stored).doneBytes);
        return state !== 'downloading';
      case 'waiting':
      case 'verifying':
        this.change({ state: event.kind });
        return true;
    }
  }
}

/** What a window is shown of a download that does not run. */
export function viewOf({ expectedBytes, folder: _folder, ...stored }: StoredDownload): Download {
  const sizes = stored.files.map(({ bytes }) => bytes);
  const isKnown = sizes.every((bytes) => bytes !== null);
  return {
    ...stored,
    bytes: isKnown ? sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0) : expectedBytes,
    doneBytes: stored.files.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
    bytesPerSecond: null,
    secondsLeft: null,
  };
}

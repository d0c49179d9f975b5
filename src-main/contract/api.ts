import type { z } from 'zod';
import { appArguments, type AppService } from './app.ts';
import { catalogueArguments, type CatalogueService } from './catalogue.ts';
import {
  chatArguments,
  conversationArguments,
  type ChatActivity,
  type ChatService,
  type ChatOptions,
  type SideBySideState,
  type ConversationService,
  type ConversationSummary,
  type LoadedModelView,
  type Message,
} from './conversation.ts';
import { downloadArguments, type Download, type DownloadService } from './downloads.ts';
import { draftArguments, type DraftService, type KeptDraft } from './draft.ts';
import { exportArguments, type ExportProgress, type ExportService } from './export.ts';
import type { ModelsCopy } from './elsewhere.ts';
import { fitArguments, type FitJob, type FitJobService } from './fit-job.ts';
import { folderArguments, type FolderMove, type FolderService } from './folder.ts';
import { laptopArguments, type LaptopService } from './laptop.ts';
import { libraryArguments, type LibraryService, type ModelEntry } from './model.ts';
import { servingArguments, type ServingService, type ServingState } from './serving.ts';
import type { CheckProgress } from './verification.ts';
import { settingsArguments, type Settings, type SettingsService } from './settings.ts';
import { tokenArguments, type TokenService } from './tokens.ts';

/** Everything the window may ask for, by service. Every door serves all of it. */
export interface Api {
  readonly app: AppService;
  readonly laptop: LaptopService;
  readonly library: LibraryService;
  readonly folder: FolderService;
  readonly catalogue: CatalogueService;
  readonly downloads: DownloadService;
  readonly tokens: TokenService;
  readonly fits: FitJobService;
  readonly conversations: ConversationService;
  readonly chat: ChatService;
  readonly drafts: DraftService;
  readonly settings: SettingsService;
  readonly serving: ServingService;
  readonly exports: ExportService;
}

/** Everything the window is told unasked. */
export interface ApiEvents {
  'library.changed': readonly ModelEntry[];
  /** how far a check of a model's files is */
  'library.checking': CheckProgress;
  /** how far copying models is; null when none is copied any more */
  'library.copying': ModelsCopy | null;
  /** a model of the library turned out to be the same file as another, and is that one from now on */
  'library.merged': { readonly kept: ModelEntry; readonly path: string };
  /** how far a move of the folder is; null when none runs any more */
  'folder.moving': FolderMove | null;
  /** all of them, in the order they were started */
  'downloads.changed': readonly Download[];
  'fits.changed': FitJob;
  'chat.message': Message;
  'chat.activity': ChatActivity;
  'chat.loaded': LoadedModelView | null;
  'chat.sideBySide': SideBySideState;
  'conversations.changed': readonly ConversationSummary[];
  /** of one conversation, what the list of them does not say */
  'conversations.options': { readonly id: string; readonly options: ChatOptions };
  'drafts.changed': KeptDraft;
  'settings.changed': Settings;
  'serving.changed': ServingState | null;
  /** null when none runs any more */
  'exports.changed': ExportProgress | null;
}
export type ApiEvent = { [Name in keyof ApiEvents]: { name: Name; data: ApiEvents[Name] } }[keyof ApiEvents];

type Argument<Method> = Method extends (argument: infer A) => unknown ? A : never;
type ArgumentSchemas<Services> = {
  readonly [S in keyof Services]: { readonly [M in keyof Services[S]]: z.ZodType<Argument<Services[S][M]>> };
};

/** What is checked of every call's argument before anything runs. */
export const apiArguments: ArgumentSchemas<Api> = {
  app: appArguments,
  laptop: laptopArguments,
  library: libraryArguments,
  folder: folderArguments,
  catalogue: catalogueArguments,
  downloads: downloadArguments,
  tokens: tokenArguments,
  fits: fitArguments,
  conversations: conversationArguments,
  chat: chatArguments,
  drafts: draftArguments,
  settings: settingsArguments,
  serving: servingArguments,
  exports: exportArguments,
};

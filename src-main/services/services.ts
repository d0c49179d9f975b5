import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EventBus } from './event-bus.ts';
import { demoModel } from '../root.ts';
import type { Api } from '../contract/api.ts';
import type { AppInfo } from '../contract/app.ts';
import { MOST_THUMBNAILS, type AddedPicture, type DocumentPages } from '../contract/conversation.ts';
import { SIDE_BY_SIDE_PLACE } from '../contract/draft.ts';
import { forkWorker } from '../engine/fork-worker.ts';
import { RunningWorkers } from '../engine/running-workers.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { LogFile } from '../files/log-file.ts';
import { logBug, logBugs, logFits, logWorkers } from './logged.ts';
import { FitService } from './fit-service.ts';
import { openStore, type Store } from '../store/database.ts';
import { Activity } from './activity.ts';
import { AppFacts } from './app.ts';
import { BankFolders } from './bank.ts';
import { Chat } from './chat.ts';
import { errorsIn, joined, WorkingParts } from './closing.ts';
import { ConversationList } from './conversation-list.ts';
import { Conversations } from './conversations.ts';
import { CurrentAnswer } from './current-answer.ts';
import { Drafts } from './drafts.ts';
import { FitJobs } from './fit-jobs.ts';
import { ModelsFolder } from './folder.ts';
import { LaptopReader } from './laptop.ts';
import { Library } from './library.ts';
import { ModelReader } from './model-reader.ts';
import type { Disk } from './move/disk.ts';
import { PictureProcess } from './picture-process.ts';
import { StoredSettings } from './settings.ts';

/** Everything a door serves. */
export interface Services extends AsyncDisposable {
  readonly api: Api;
  readonly events: EventBus;
  /** Keeps a picture's bytes, or a document's page (from 1) as one; throws BAD_PICTURE with advice when they are none. */
  addPicture(bytes: Uint8Array, name: string, page?: number): Promise<AddedPicture>;
  /** A document's pages from `first` on, to choose from. */
  documentPages(bytes: Uint8Array, name: string, first: number): Promise<DocumentPages>;
  /** The file of a kept picture; throws when there is none of that hash. */
  picturePath(hash: string): string;
  /** Ends what runs, then closes the store, whatever fails to close before it; throws all that did. */
  close(): Promise<void>;
}

/**
 * Opens the store in `home` and puts the services together; the doors differ only in how calls reach them. When it throws, what it had
 * opened is closed again.
 */
export async function openServices(options: {
  home: string;
  door: AppInfo['door'];
  start?: StartWorker | undefined;
  /** what moving the models uses; a test's own fails half-way */
  disk?: Disk | undefined;
  /** the model that Snug comes with; a test's own is shorter */
  builtIn?: string | undefined;
}): Promise<Services> {
  const { home, door } = options;
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openStore(home));
  const events = new EventBus();
  const logsFolder = join(home, 'logs');
  const log = new LogFile(join(logsFolder, 'snug.log'));
  log.write('start', { door, platform: process.platform, node: process.version });
  opening.defer(() => log.write('end'));
  const died = (error: unknown) => logBug(log, 'main', error);
  // only looks on: what an error nobody caught does is left to the door
  process.on('uncaughtExceptionMonitor', died);
  opening.defer(() => void process.off('uncaughtExceptionMonitor', died));
  opening.use(logFits(events, log));
  const workers = new RunningWorkers(options.start ?? forkWorker);
  const working = opening.use(new WorkingParts(workers));
  const start = logWorkers(workers.start, log, (path) => {
    const row = store.models.findByPath(path);
    return row && library.entry(row.id);
  });
  const settings = new StoredSettings(store.settings, events);
  const activity = new Activity(events);
  const library: Library = working.use(
    new Library({
      models: store.models,
      events,
      bank: new BankFolders(home, activity),
      activity,
      reader: new ModelReader(start),
      home,
    }),
  );
  const folder = working.use(
    new ModelsFolder({
      home,
      models: store.models,
      settings: store.settings,
      events,
      library,
      activity,
      disk: options.disk,
    }),
  );
  const laptop = new LaptopReader(folder, start);
  const fits = working.use(
    new FitJobs({
      home,
      fits: new FitService(start),
      jobs: store.fitJobs,
      library,
      folder,
      laptop,
      settings,
      events,
      activity,
    }),
  );
  const list = new ConversationList(store.conversations, events);
  const current = new CurrentAnswer(activity);
  const conversations = new Conversations({
    repository: store.conversations,
    settings,
    events,
    list,
    current,
    activity,
    library,
  });
  const chat = working.use(
    new Chat({
      conversations: store.conversations,
      list,
      current,
      activity,
      pictures: store.pictures,
      library,
      settings,
      laptop,
      events,
      start,
    }),
  );
  const drafts = new Drafts({ repository: store.drafts, pictures: store.pictures, events });
  const pictures = working.use(new PictureProcess(start));
  const folderNotice = folder.prepare();
  const app = new AppFacts({
    info: {
      door,
      dataFolder: home,
      logsFolder,
      notices: [...store.notices, ...(folderNotice ? [folderNotice] : [])],
    },
    modelsFolder: () => folder.current,
    laptop,
    settings: () => settings.current,
    jobs: () => store.fitJobs.list(),
  });

  const interrupted = store.fitJobs.interrupted();
  tidyUp(store, folder, library);
  library.register({ path: options.builtIn ?? demoModel, builtIn: true });
  await fits.resumeClosed(interrupted);

  const opened = opening.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeAll(opened, log));
  return {
    api: logBugs({ app, laptop, library, folder, fits, conversations, chat, drafts, settings }, log),
    events,
    addPicture: async (bytes, name, page) => {
      const { converted, notes, ...size } = await pictures.prepare({ bytes, name, page });
      const kept = converted ?? bytes;
      const hash = createHash('sha256').update(kept).digest('hex');
      const shownName = page === undefined ? name : `${name}, page ${page}`;
      return { ...store.pictures.add({ bytes: kept, hash, name: shownName, ...size }), notes };
    },
    documentPages: (bytes, name, first) => pictures.pages({ bytes, name, first, count: MOST_THUMBNAILS }),
    picturePath: (hash) => store.pictures.path(hash),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function closeAll(opened: AsyncDisposableStack, log: LogFile): Promise<void> {
  try {
    await opened.disposeAsync();
  } catch (error) {
    const errors = errorsIn(error);
    for (const one of errors) logBug(log, 'close', one);
    throw joined(errors);
  }
}

/** Ends what the last run left behind. */
function tidyUp(store: Store, folder: ModelsFolder, library: Library): void {
  store.conversations.recoverInterrupted();
  store.conversations.purgeRemoved();
  store.drafts.purge([SIDE_BY_SIDE_PLACE]);
  store.pictures.sweep();
  folder.finishInterrupted();
  library.emptyTrash();
}

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
import { openStore, type Store } from '../store/database.ts';
import { ModelFiles } from '../store/model-files.ts';
import { Activity } from './activity.ts';
import { AppFacts } from './app.ts';
import { errorsIn, joined, WorkingParts } from './closing.ts';
import { goOnDownloading, openDownloads, type DoorSystem } from './download-parts.ts';
import { Drafts } from './drafts.ts';
import type { ModelsFolder } from './folder.ts';
import type { Library } from './library.ts';
import type { Disk } from './move/disk.ts';
import { openCatalogue, openChats, openFits, openModels, type Ground, type Models } from './parts.ts';
import { PictureProcess } from './picture-process.ts';
import type { OpenEndpoint } from './serving.ts';
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

interface ServiceOptions extends DoorSystem {
  home: string;
  door: AppInfo['door'];
  start?: StartWorker | undefined;
  /** how a model is served to other programs; without it none is */
  endpoint?: OpenEndpoint | undefined;
  /** what moving the models uses; a test's own fails half-way */
  disk?: Disk | undefined;
  /** the model that Snug comes with; a test's own is shorter */
  builtIn?: string | undefined;
  /** the list of models to download; a test's own leads to a test's hub */
  catalogue?: string | undefined;
}

/**
 * Opens the store in `home` and puts the services together; the doors differ only in how calls reach them. When it throws, what it had
 * opened is closed again.
 */
export async function openServices(options: ServiceOptions): Promise<Services> {
  const { home, door, endpoint } = options;
  await using opening = new AsyncDisposableStack();
  const store = opening.use(openStore(home));
  const files = opening.use(ModelFiles.open(home));
  const events = new EventBus();
  const logsFolder = join(home, 'logs');
  const log = openLog(opening, { folder: logsFolder, door, events });
  const workers = new RunningWorkers(options.start ?? forkWorker);
  const working = opening.use(new WorkingParts(workers));
  const start = logWorkers(workers.start, log, (path) => {
    const row = store.models.findByPath(path);
    return row && models.library.entry(row.id);
  });
  const settings = new StoredSettings(store.settings, events);
  const activity = new Activity(events);
  const ground: Ground = { home, store, files, events, settings, activity, working, start };
  const models: Models = openModels(ground, options.disk);
  const { library, folder, laptop, exports } = models;
  const downloading = openDownloads(ground, models, options);
  const catalogue = openCatalogue(ground, models, { hub: downloading.hub, path: options.catalogue });
  const fits = openFits(ground, models);
  const pictures = working.use(new PictureProcess(start));
  const chats = openChats(ground, models, { pictures, endpoint });
  const drafts = new Drafts({ repository: store.drafts, pictures: store.pictures, events });
  const app = appFacts({ door, logsFolder }, ground, models);

  const interrupted = store.fitJobs.interrupted();
  tidyUp(store, folder, library);
  library.register({ path: options.builtIn ?? demoModel, builtIn: true });
  await fits.resumeClosed(interrupted);
  opening.use(goOnDownloading(ground, models, downloading));

  const { downloads, tokens } = downloading;
  const onModels = { library, folder, catalogue, downloads, tokens, fits, exports };
  const opened = opening.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeAll(opened, log));
  return {
    api: logBugs({ ...onModels, ...chats, app, laptop, drafts, settings }, log),
    events,
    ...pictureFiles(store, pictures),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function appFacts(
  of: Pick<AppInfo, 'door' | 'logsFolder'>,
  { home, store, settings }: Ground,
  { folder, laptop }: Models,
): AppFacts {
  const folderNotice = folder.prepare();
  const notices = [...store.notices, ...(folderNotice ? [folderNotice] : [])];
  return new AppFacts({
    info: { ...of, dataFolder: home, notices },
    modelsFolder: () => folder.current,
    laptop,
    settings: () => settings.current,
    jobs: () => store.fitJobs.list(),
  });
}

/** What happens from here on to the end of the process's services. */
function openLog(
  opening: AsyncDisposableStack,
  { folder, door, events }: { folder: string; door: AppInfo['door']; events: EventBus },
): LogFile {
  const log = new LogFile(join(folder, 'snug.log'));
  log.write('start', { door, platform: process.platform, node: process.version });
  opening.defer(() => log.write('end'));
  opening.use(logFits(events, log));
  const died = (error: unknown) => logBug(log, 'main', error);
  // only looks on: what an error nobody caught does is left to the door
  process.on('uncaughtExceptionMonitor', died);
  opening.defer(() => void process.off('uncaughtExceptionMonitor', died));
  return log;
}

function pictureFiles(
  store: Store,
  pictures: PictureProcess,
): Pick<Services, 'addPicture' | 'documentPages' | 'picturePath'> {
  return {
    addPicture: async (bytes, name, page) => {
      const { converted, notes, ...size } = await pictures.prepare({ bytes, name, page });
      const kept = converted ?? bytes;
      const hash = createHash('sha256').update(kept).digest('hex');
      const shownName = page === undefined ? name : `${name}, page ${page}`;
      return { ...store.pictures.add({ bytes: kept, hash, name: shownName, ...size }), notes };
    },
    documentPages: async (bytes, name, first) =>
      pictures.pages({ bytes, name, first, count: MOST_THUMBNAILS }),
    picturePath: (hash) => store.pictures.path(hash),
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

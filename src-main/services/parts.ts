import type { EventBus } from './event-bus.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { modelsFolder } from '../home.ts';
import { readCatalogue } from '../models/catalogue.ts';
import type { Store } from '../store/database.ts';
import type { ModelFiles } from '../store/model-files.ts';
import type { Activity } from './activity.ts';
import { BankFolders } from './bank.ts';
import { ModelCatalogue } from './catalogue.ts';
import { Chat } from './chat.ts';
import type { WorkingParts } from './closing.ts';
import { BackgroundHasher } from './hashing/background.ts';
import { ConversationList } from './conversation-list.ts';
import { Conversations } from './conversations.ts';
import { CurrentAnswer } from './current-answer.ts';
import { UnfinishedDownloads } from './downloads/unfinished.ts';
import { Exports } from './export.ts';
import { FitJobs } from './fit-jobs.ts';
import { FitService } from './fit-service.ts';
import { ModelsFolder } from './folder.ts';
import { partsOnDisk, type HubAccess } from './hub-access.ts';
import { ModelCopies } from './import/copies.ts';
import { ModelImports } from './import/model-imports.ts';
import { LaptopReader } from './laptop.ts';
import { LoadedModel } from './loaded-model.ts';
import { Library } from './library.ts';
import { ModelReader } from './model-reader.ts';
import { ModelRequests } from './model-requests.ts';
import type { Disk } from './move/disk.ts';
import { isNeeded } from './move/files.ts';
import type { PictureProcess } from './picture-process.ts';
import { Serving, type OpenEndpoint } from './serving.ts';
import type { StoredSettings } from './settings.ts';

/** The services that work with processes, put together. */

/** What all of them stand on. */
export interface Ground {
  readonly home: string;
  readonly store: Store;
  /** what is known of files' content */
  readonly files: ModelFiles;
  readonly events: EventBus;
  readonly settings: StoredSettings;
  readonly activity: Activity;
  /** closes what is opened here */
  readonly working: WorkingParts;
  readonly start: StartWorker;
}

/** The models, and the machine that they lie on. */
export interface Models {
  readonly library: Library;
  readonly folder: ModelsFolder;
  readonly exports: Exports;
  readonly laptop: LaptopReader;
  readonly reader: ModelReader;
  /** what downloads have on disk */
  readonly unfinished: UnfinishedDownloads;
}

export function openModels(ground: Ground, disk: Disk | undefined): Models {
  const { home, store, files, events, activity, working, start } = ground;
  const models = store.models;
  const reader = new ModelReader(start);
  const hashes = new BackgroundHasher({ files, activity, start });
  const modelsAt = () => store.settings.modelsFolder ?? modelsFolder(home);
  const copies = new ModelCopies({ folder: modelsAt, home, files, events, activity, disk });
  copies.tidyUp();
  const imports = new ModelImports({ models, reader, files, hashes, copies, activity });
  const bank = new BankFolders(home, activity);
  bank.dropCopies();
  const library = working.use(
    new Library({ models, events, bank, activity, reader, imports, home, modelsFolder: modelsAt, start }),
  );
  const unfinished = new UnfinishedDownloads(store.downloads, partsOnDisk, (path) =>
    isNeeded(store.models, path),
  );
  const folder = working.use(
    new ModelsFolder({
      home,
      models,
      settings: store.settings,
      events,
      library,
      activity,
      unfinished,
      disk,
    }),
  );
  const exports = working.use(new Exports({ library, reader, jobs: store.fitJobs, activity, events }));
  return { library, folder, exports, laptop: new LaptopReader(folder, start), reader, unfinished };
}

/** `hub`: of the settings, as they are now; `path`: of the list of models, the one that Snug comes with when undefined. */
export function openCatalogue(
  { home, store, settings, working, start }: Ground,
  { folder, laptop, reader }: Models,
  { hub, path }: { hub: HubAccess; path: string | undefined },
): ModelCatalogue {
  return working.use(
    new ModelCatalogue({
      home,
      entries: () => readCatalogue(path),
      hub: () => hub.hub(),
      reader,
      fits: new FitService(start),
      laptop,
      folder,
      settings,
      reports: () => store.fitJobs.list().flatMap(({ report }) => (report ? [report] : [])),
    }),
  );
}

export function openFits(ground: Ground, { library, folder, laptop }: Models): FitJobs {
  const { home, store, events, settings, activity, working, start } = ground;
  return working.use(
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
}

export function openChats(
  ground: Ground,
  { library, laptop }: Models,
  { pictures: process, endpoint }: { pictures: PictureProcess; endpoint: OpenEndpoint | undefined },
): { conversations: Conversations; chat: Chat; serving: Serving } {
  const { store, events, settings, activity, working, start } = ground;
  const { conversations: repository, pictures } = store;
  const list = new ConversationList(repository, events);
  const current = new CurrentAnswer(activity);
  const model = new LoadedModel(start, (loaded) => activity.setLoaded(loaded));
  const requests = new ModelRequests({ pictures, library, settings, laptop });
  const conversations = new Conversations({ repository, settings, events, list, current, activity, library });
  const shared = { model, requests, library, settings, activity, events };
  const serving = working.use(new Serving({ ...shared, open: endpoint, pictures: process }));
  const chat = working.use(
    new Chat({ ...shared, conversations: repository, list, current, pictures, start }),
  );
  return { conversations, chat, serving };
}

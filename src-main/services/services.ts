import { mkdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { EventBus } from '../api/event-bus.ts';
import { demoModel, workerEntries } from '../api/entries.ts';
import { checkPicture } from '../chat/pictures.ts';
import type { Api } from '../contract/api.ts';
import type { AppInfo } from '../contract/app.ts';
import type { PictureView } from '../contract/conversation.ts';
import type { StartWorker } from '../engine/worker-process.ts';
import { FitService } from '../luq/fit-service.ts';
import { knownSha256 } from '../luq/source.ts';
import { modelsFolder } from '../luq/workspace.ts';
import { openStore } from '../store/database.ts';
import { AppFacts } from './app.ts';
import { BankFolders } from './bank.ts';
import { Chat } from './chat.ts';
import { Conversations } from './conversations.ts';
import { FitJobs } from './fit-jobs.ts';
import { LaptopReader } from './laptop.ts';
import { Library } from './library.ts';
import { StoredSettings } from './settings.ts';

/** Everything a door serves. */
export interface Services extends AsyncDisposable {
  readonly api: Api;
  readonly events: EventBus;
  /** Keeps a picture's bytes; throws BAD_PICTURE with advice when they are none. */
  addPicture(bytes: Uint8Array, name: string): Promise<PictureView>;
  /** The file of a kept picture; throws when there is none of that hash. */
  picturePath(hash: string): string;
  close(): Promise<void>;
}

/** Opens the store in `home` and puts the services together; the doors differ only in how calls reach them. */
export function openServices(options: {
  home: string;
  door: AppInfo['door'];
  start?: StartWorker | undefined;
}): Services {
  const { home, door, start } = options;
  mkdirSync(modelsFolder(home), { recursive: true });
  const store = openStore(home);
  const events = new EventBus();
  const settings = new StoredSettings(store.settings, events);
  const laptop = new LaptopReader(home, workerEntries.compress, start);
  const nameOf = (hash: string) => library.nameOfSource((path) => knownSha256(path, home), hash);
  const bank: BankFolders = new BankFolders(home, nameOf, (): boolean => fits.isRunning);
  const library: Library = new Library(store.models, events, bank);
  const fits: FitJobs = new FitJobs({
    home,
    fits: new FitService(workerEntries, start),
    jobs: store.fitJobs,
    library,
    laptop,
    settings,
    events,
  });
  const newest = () => library.newestUsable();
  const conversations = new Conversations(store.conversations, settings, events, newest);
  const chat = new Chat({
    conversations: store.conversations,
    list: conversations,
    pictures: store.pictures,
    library,
    settings,
    laptop,
    events,
    entry: workerEntries.chat,
    start,
  });
  const app = new AppFacts({
    info: { door, modelsFolder: modelsFolder(home), dataFolder: home, notices: store.notices },
    laptop,
    settings: () => settings.current,
    jobs: () => store.fitJobs.list(),
  });

  // what the last run left behind
  store.conversations.recoverInterrupted();
  store.conversations.purgeRemoved();
  store.fitJobs.interrupted();
  store.pictures.sweep();
  library.emptyTrash();
  library.register({ path: demoModel, builtIn: true });

  const close = async () => {
    await fits.close();
    await chat.close();
    store.close();
  };
  return {
    api: { app, laptop, library, fits, conversations, chat, settings },
    events,
    addPicture: async (bytes, name) => {
      const { width, height } = await checkPicture(bytes, name);
      const hash = createHash('sha256').update(bytes).digest('hex');
      return store.pictures.add({ bytes, hash, name, width, height });
    },
    picturePath: (hash) => store.pictures.path(hash),
    close,
    [Symbol.asyncDispose]: close,
  };
}

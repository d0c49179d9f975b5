import { join } from 'node:path';
import { syncFolder } from '../files/durable-files.ts';
import { protectHome } from '../files/private-files.ts';
import { Connection, makePrivate } from './connection.ts';
import { ConversationRepository } from './conversations.ts';
import { isBrokenDatabase, mendIndexes, setAside } from './damage.ts';
import { isDamage, WRITING_STORE } from './errors.ts';
import { DownloadRepository } from './downloads.ts';
import { DraftRepository } from './drafts.ts';
import { FitJobRepository } from './fit-jobs.ts';
import { takeLock } from './lock.ts';
import { migrate, newestVersion } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { ModelRepository } from './models.ts';
import { PictureRepository } from './pictures.ts';
import { SettingsRepository } from './settings.ts';

const INDEX_MENDED = 'The search index was damaged and has been rebuilt. Nothing was lost.';

/** What Snug remembers between starts. */
export interface Store extends Disposable {
  readonly conversations: ConversationRepository;
  readonly models: ModelRepository;
  readonly fitJobs: FitJobRepository;
  readonly downloads: DownloadRepository;
  readonly settings: SettingsRepository;
  readonly pictures: PictureRepository;
  readonly drafts: DraftRepository;
  /** what the person should know of opening it: a damaged file and where it lies now */
  readonly notices: readonly string[];
  /** Closes the file and lets others open the folder; a second call does nothing. */
  close(): void;
}

/**
 * Opens `<folder>/snug.db`, made when it is not there. A damaged file is set aside, an older one brought to the newest version.
 * The folder becomes the person's alone. Throws BUSY while another running Snug uses it, FILE for a database of a newer Snug, DISK_FULL
 * and CANNOT_WRITE.
 */
export function openStore(folder: string, migrations: readonly Migration[] = MIGRATIONS): Store {
  const path = join(folder, 'snug.db');
  const notices: string[] = [];
  using opening = new DisposableStack();
  opening.use(takeLock(`${path}.lock`, 'using this data folder', WRITING_STORE));
  protectHome(folder);
  const connection = opening.use(openSound(path, newestVersion(migrations), notices));
  migrate(connection, migrations);
  syncFolder(folder);
  const open = opening.move();
  return {
    conversations: new ConversationRepository(connection),
    models: new ModelRepository(connection),
    fitJobs: new FitJobRepository(connection),
    downloads: new DownloadRepository(connection),
    settings: new SettingsRepository(connection),
    pictures: new PictureRepository(connection),
    drafts: new DraftRepository(connection),
    notices,
    close: () => open.dispose(),
    [Symbol.dispose]: () => open.dispose(),
  };
}

function openSound(path: string, newest: number, notices: string[]): Connection {
  if (isBrokenDatabase(path, newest)) notices.push(setAside(path));
  const connection = openConfigured(path);
  try {
    if (mendIndexes(connection)) notices.push(INDEX_MENDED);
    return connection;
  } catch (error) {
    connection.close();
    if (!isDamage(error)) throw error;
  }
  notices.push(setAside(path));
  return openConfigured(path);
}

function openConfigured(path: string): Connection {
  makePrivate(path);
  const connection = new Connection(path);
  try {
    connection.pragma('journal_mode = WAL');
    // what a person was told is saved survives a power cut
    connection.pragma('synchronous = FULL');
    // macOS: else the disk's own cache may still lose it
    connection.pragma('fullfsync = ON');
    connection.pragma('foreign_keys = ON');
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

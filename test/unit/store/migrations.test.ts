import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src-main/store/connection.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { migrate, versionOf } from '../../../src-main/store/migrate.ts';
import { MIGRATIONS, type Migration } from '../../../src-main/store/migrations/index.ts';
import { options, storedDownload } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

/**
 * A data folder whose database has the form of a version, with rows written in SQL as that version wrote them: a migration's
 * test starts from the version before it.
 */
function folderAtVersion(version: number, rows: string, migrations = MIGRATIONS): string {
  const folder = temporaryFolder();
  using connection = new Connection(join(folder, 'snug.db'));
  connection.pragma('journal_mode = WAL');
  migrate(
    connection,
    migrations.filter((migration) => migration.version <= version),
  );
  connection.exec(rows);
  return folder;
}

function look<Row>(path: string, sql: string): Row[] {
  using connection = new Connection(path);
  return connection.all<Row>(sql);
}

const conversation = `
  INSERT INTO conversations (id, title, options, created_at, updated_at)
    VALUES ('c', 'Boats', '${JSON.stringify(options)}', '2026-05-01', '2026-05-01');
  INSERT INTO messages (id, conversation_id, role, text, state, notes, created_at)
    VALUES ('m', 'c', 'user', 'What is this?', 'done', '[]', '2026-05-01');`;

/** the version that a migration after all of Snug's has */
const next = MIGRATIONS.length + 1;
const later = (version: number, apply: Migration['apply']): Migration => ({ version, apply });
const starred = later(next, (connection) =>
  connection.exec('ALTER TABLE conversations ADD COLUMN starred INTEGER NOT NULL DEFAULT 0'),
);
const noChange = (version: number) => later(version, () => undefined);

describe('the migrations', () => {
  it('are numbered 1, 2, 3, … without a gap', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, i) => i + 1));
  });

  it('0001 makes a new database, of which no copy is kept', () => {
    const folder = folderAtVersion(0, '');
    openStore(folder).close();
    expect(look(join(folder, 'snug.db'), 'PRAGMA user_version')).toEqual([
      { user_version: MIGRATIONS.length },
    ]);
    expect(readdirSync(folder)).toEqual(['snug.db']);
  });
});

describe('the migration to version 2', () => {
  it('finds conversations by the names of their pictures, and keeps those in their order', () => {
    const [one, two] = ['a'.repeat(64), 'b'.repeat(64)];
    const picture = (hash: string, name: string) =>
      `INSERT INTO pictures (hash, name, width, height, bytes, created_at)
         VALUES ('${hash}', '${name}', 1, 1, 1, '2026-05-01');`;
    const sent = (position: number, hash: string, name: string) =>
      `INSERT INTO message_pictures (message_id, position, hash, name) VALUES ('m', ${position}, '${hash}', '${name}');`;
    const rows = [
      picture(one, 'x.png'),
      picture(two, 'y.png'),
      sent(1, one, 'Receipt.jpg'),
      sent(0, two, 'boat.png'),
    ];
    using store = openStore(folderAtVersion(1, conversation + rows.join('\n')));
    expect(store.notices).toEqual([]);
    expect(store.conversations.search('receipt')).toMatchObject([{ in: 'picture', messageId: 'm' }]);
    const { thread } = store.conversations.get('c');
    expect(thread[0]?.pictures.map(({ name }) => name)).toEqual(['boat.png', 'Receipt.jpg']);
    expect(store.drafts.get('c').revision).toBe(0);
  });
});

describe('the migration to version 3', () => {
  it('keeps what there was, and has room for downloads', () => {
    using store = openStore(folderAtVersion(2, conversation));
    expect(store.notices).toEqual([]);
    expect(store.conversations.get('c').thread).toHaveLength(1);
    expect(store.downloads.list()).toEqual([]);
    store.downloads.save(storedDownload('d'));
    expect(store.downloads.list()).toEqual([storedDownload('d')]);
  });
});

describe('the migration to version 4', () => {
  it('keeps models as they were, without what another app calls them', () => {
    const row = `INSERT INTO models (id, path, added_at, built_in) VALUES ('m', '/m.gguf', '2026-05-01', 0);`;
    using store = openStore(folderAtVersion(3, row));
    expect(store.notices).toEqual([]);
    expect(store.models.list()).toMatchObject([{ id: 'm', path: '/m.gguf', title: null }]);
    expect(store.models.add({ path: '/m.gguf', title: 'llava:7b' })).toMatchObject({
      id: 'm',
      title: 'llava:7b',
    });
  });
});

describe('a database of an older version', () => {
  it('is brought to the newest with what it holds, and a copy of it is kept', () => {
    const folder = folderAtVersion(1, conversation);
    {
      using store = openStore(folder, [...MIGRATIONS, starred]);
      expect(store.notices).toEqual([]);
      expect(store.conversations.get('c').thread).toMatchObject([{ id: 'm', text: 'What is this?' }]);
      expect(store.conversations.search('what')).toHaveLength(1);
    }
    const path = join(folder, 'snug.db');
    expect(look(path, 'SELECT starred FROM conversations')).toEqual([{ starred: 0 }]);
    expect(readdirSync(folder).sort()).toEqual(['snug.db', `snug.db.before-${next}`]);
    expect(look(`${path}.before-${next}`, 'PRAGMA user_version')).toEqual([{ user_version: 1 }]);
    expect(look(`${path}.before-${next}`, 'SELECT id FROM messages')).toEqual([{ id: 'm' }]);
  });

  it('can be had back from its copy, with working search', () => {
    const folder = folderAtVersion(1, conversation);
    openStore(folder, [...MIGRATIONS, starred]).close();
    const restored = temporaryFolder();
    using copy = new Connection(join(folder, `snug.db.before-${next}`), { readonly: true });
    copy.run('VACUUM INTO ?', join(restored, 'snug.db'));
    using store = openStore(restored);
    expect(store.notices).toEqual([]);
    expect(store.conversations.search('what')).toMatchObject([{ messageId: 'm' }]);
  });

  it('is copied with what is still in its WAL', () => {
    const folder = folderAtVersion(1, '');
    const path = join(folder, 'snug.db');
    // as long as somebody has it open nothing goes from the WAL into the file at closing
    using other = new Connection(path);
    other.pragma('wal_autocheckpoint = 0');
    other.exec(conversation);
    expect(existsSync(`${path}-wal`)).toBe(true);
    openStore(folder, [...MIGRATIONS, starred]).close();
    expect(look(`${path}.before-${next}`, 'SELECT id FROM messages')).toEqual([{ id: 'm' }]);
  });

  it('keeps the copies of the newest two updates', () => {
    const folder = folderAtVersion(1, conversation);
    const steps = [...MIGRATIONS, ...[0, 1, 2, 3].map((step) => noChange(next + step))];
    for (let newest = next; newest <= next + 3; newest++) openStore(folder, steps.slice(0, newest)).close();
    const newestTwo = [`snug.db.before-${next + 2}`, `snug.db.before-${next + 3}`] as const;
    expect(readdirSync(folder).sort()).toEqual(['snug.db', ...newestTwo]);
    openStore(folder, steps).close();
    expect(look(join(folder, newestTwo[1]), 'PRAGMA user_version')).toEqual([{ user_version: next + 2 }]);
  });

  it('is copied although a killed Snug left half a copy', () => {
    const folder = folderAtVersion(1, conversation);
    writeFileSync(join(folder, `snug.db.before-${next}.tmp`), 'half of it');
    openStore(folder, [...MIGRATIONS, starred]).close();
    expect(readdirSync(folder).sort()).toEqual(['snug.db', `snug.db.before-${next}`]);
  });

  it('keeps the rows that refer to a table which is rebuilt', () => {
    const folder = folderAtVersion(1, conversation);
    const rebuild = later(next, (connection) =>
      connection.exec(`
        CREATE TABLE new_conversations AS SELECT * FROM conversations;
        DROP TABLE conversations;
        CREATE TABLE conversations (id TEXT PRIMARY KEY, title TEXT NOT NULL);
        INSERT INTO conversations SELECT id, title FROM new_conversations;
        DROP TABLE new_conversations;`),
    );
    openStore(folder, [...MIGRATIONS, rebuild]).close();
    expect(look(join(folder, 'snug.db'), 'SELECT id FROM messages')).toEqual([{ id: 'm' }]);
  });
});

describe('a migration that fails', () => {
  const half = "INSERT INTO settings VALUES ('half', '1')";
  it.each([
    [
      'by an error',
      later(next + 1, (connection) => connection.exec(`${half}; SELECT * FROM nothing_of_that_name`)),
    ],
    [
      'by rows that refer to nothing',
      later(next + 1, (connection) => connection.exec(`${half}; DELETE FROM conversations`)),
    ],
  ])('%s is undone whole, and the ones before it stay', (_, failing) => {
    const folder = folderAtVersion(1, conversation);
    const path = join(folder, 'snug.db');
    const error = thrown(() => openStore(folder, [...MIGRATIONS, starred, failing]));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain(`version ${next + 1}`);
    expect(error.cause).toBeInstanceOf(Error);
    expect(look(path, 'PRAGMA user_version')).toEqual([{ user_version: next }]);
    expect(look(path, 'SELECT key FROM settings')).toEqual([]);
    // the folder is free again, and everything is there
    using store = openStore(folder, [...MIGRATIONS, starred]);
    expect(store.conversations.get('c').thread).toHaveLength(1);
  });

  it('leaves foreign keys watched', () => {
    const folder = folderAtVersion(1, conversation);
    using connection = new Connection(join(folder, 'snug.db'));
    expect(
      thrown(() =>
        migrate(connection, [
          ...MIGRATIONS,
          later(next, () => {
            throw new Error('no');
          }),
        ]),
      ).code,
    ).toBe('FILE');
    expect(versionOf(connection)).toBe(MIGRATIONS.length);
    expect(connection.pragma('foreign_keys')).toBe(1);
  });
});

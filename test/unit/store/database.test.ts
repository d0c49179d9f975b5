import Sqlite from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../../src-main/store/connection.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { options, temporaryStore } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

/** A folder whose closed store has a conversation of many questions, and its database's path. */
function folderWithConversation() {
  const folder = temporaryFolder();
  using store = openStore(folder);
  const { id } = store.conversations.create({ modelId: null, options, title: 'Boats' });
  for (let i = 0; i < 200; i++) {
    store.conversations.addQuestion(id, { text: `question ${i} about a red boat`.repeat(20), pictures: [] });
  }
  return { folder, id, path: join(folder, 'snug.db') };
}

const brokenFiles = (folder: string) => readdirSync(folder).filter((name) => name.includes('.broken-'));

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

describe('a data folder', () => {
  it('is made where there is none, and used by one at a time', () => {
    const folder = join(temporaryFolder(), 'new', 'folder');
    const store = temporaryStore(folder);
    expect(store.notices).toEqual([]);
    const error = thrown(() => openStore(folder));
    expect(error.code).toBe('BUSY');
    expect(error.message).toContain('already using this data folder');
    store.close();
    store.close();
    const again = temporaryStore(folder);
    expect(again.notices).toEqual([]);
    again.close();
    expect(readdirSync(folder)).toEqual(['snug.db']);
  });

  it('that is a file is told in plain words', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const error = thrown(() => openStore(file));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.remedies).toContainEqual({ kind: 'choose-home' });
  });
});

describe('a full disk', () => {
  it('is told in plain words, and what was saved before stays', () => {
    const { path } = folderWithConversation();
    using connection = new Connection(path);
    connection.pragma(`max_page_count = ${connection.pragma('page_count') as number}`);
    const grow = () =>
      connection.transaction(() => {
        for (let i = 0; i < 100; i++)
          connection.run(`UPDATE messages SET text = text || ?`, 'more '.repeat(500));
      });
    const error = thrown(grow);
    expect(error.code).toBe('DISK_FULL');
    expect(error.advice).toContain('Free some space');
    expect(connection.one(`SELECT count(*) AS longer FROM messages WHERE text LIKE '%more%'`)).toEqual({
      longer: 0,
    });
    connection.run('UPDATE conversations SET title = ?', 'Still writable');
  });
});

describe('a damaged database', () => {
  it.each([
    ['is no database', (path: string) => writeFileSync(path, 'something else entirely '.repeat(100))],
    ['was cut off', (path: string) => truncateSync(path, statSync(path).size / 2)],
    // the first page lists the tables; the third is one of theirs
    ['has a page of noise', (path: string) => overwrite(path, 2 * 4096, new Uint8Array(4096).fill(0xa5))],
  ])('that %s is set aside as it is, and Snug starts with a new one', (_, damage) => {
    const { folder, path } = folderWithConversation();
    damage(path);
    const damaged = readFileSync(path);
    const store = temporaryStore(folder);
    const [aside = ''] = brokenFiles(folder);
    expect(readFileSync(join(folder, aside)).equals(damaged)).toBe(true);
    expect(aside).toMatch(/^snug\.db\.broken-[\d.TZ-]+$/);
    expect(store.notices).toHaveLength(1);
    expect(store.notices[0]).toContain(join(folder, aside));
    expect(store.notices[0]).not.toContain('before');
    expect(store.conversations.list()).toEqual([]);
    store.conversations.create({ modelId: null, options, title: 'New' });
    store.close();
    expect(temporaryStore(folder).notices).toEqual([]);
  });

  it('takes what belongs to it along, and never the place of an earlier one', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-05-01T10:20:30.456Z') });
    onTestFinished(() => void vi.useRealTimers());
    const folder = temporaryFolder();
    const path = join(folder, 'snug.db');
    for (const content of ['first', 'second']) {
      for (const part of ['', '-wal', '-shm']) writeFileSync(path + part, `${content}${part} `.repeat(50));
      openStore(folder).close();
    }
    const stamp = 'snug.db.broken-2026-05-01T10-20-30.456Z';
    expect(brokenFiles(folder).sort()).toEqual(
      ['', '-shm', '-wal', '-2', '-2-shm', '-2-wal'].map((end) => stamp + end).sort(),
    );
    expect(readFileSync(join(folder, `${stamp}-wal`), 'utf8')).toContain('first-wal');
    expect(readFileSync(join(folder, `${stamp}-2`), 'utf8')).toContain('second');
  });

  it('is told together with the copy from before an update, where there is one', () => {
    const { folder, path } = folderWithConversation();
    for (const version of [2, 10]) writeFileSync(`${path}.before-${version}`, '');
    writeFileSync(path, 'something else entirely '.repeat(100));
    expect(temporaryStore(folder).notices[0]).toContain(`${path}.before-10`);
  });
});

describe('a damaged search index', () => {
  it.each([
    [
      'misses a message',
      `INSERT INTO messages_index (messages_index, rowid, text)
       SELECT 'delete', number, text FROM messages WHERE number = 200`,
    ],
    ['is broken in itself', 'UPDATE messages_index_data SET block = zeroblob(9) WHERE id > 10'],
    ['has lost its tables', 'DROP TABLE messages_index_data; DROP TABLE messages_index_idx'],
  ])('that %s is made anew, and no conversation is lost', (_, damage) => {
    const { folder, id, path } = folderWithConversation();
    // only so does SQLite let anyone at an index's own tables
    const raw = new Sqlite(path).unsafeMode(true);
    raw.exec(damage);
    raw.close();
    const store = temporaryStore(folder);
    expect(store.notices).toEqual([expect.stringContaining('search index')]);
    expect(brokenFiles(folder)).toEqual([]);
    expect(store.conversations.get(id).thread).toHaveLength(200);
    expect(store.conversations.search('question 199')).toHaveLength(1);
    store.conversations.addQuestion(id, { text: 'a harbour', pictures: [] });
    expect(store.conversations.search('harbour')).toHaveLength(1);
    store.close();
    expect(temporaryStore(folder).notices).toEqual([]);
  });
});

describe('a data folder that cannot be used', () => {
  it.each<[string, (home: string) => void]>([
    ['is a file', (home) => writeFileSync(home, 'a letter')],
    ['is a link to itself', (home) => symlinkSync(home, home)],
    ['has a folder for its database', (home) => mkdirSync(join(home, 'snug.db'), { recursive: true })],
    ['has a folder for its lock', (home) => mkdirSync(join(home, 'snug.db.lock'), { recursive: true })],
  ])('because it %s is told with advice, and left as it is', (_, make) => {
    const folder = temporaryFolder();
    const home = join(folder, 'home');
    make(home);
    const before = readdirSync(folder, { recursive: true });
    const error = thrown(() => openStore(home));
    expect(['CANNOT_WRITE', 'FILE']).toContain(error.code);
    expect(error.advice).toBeTruthy();
    expect(error.message).toContain(home);
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it.runIf(platform() !== 'win32')('because its database is a pipe does not wait for ever', () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'snug.db')]);
    const error = thrown(() => openStore(folder));
    expect(error.message).toContain('not an ordinary file');
    expect(error.advice).toContain('Move it away');
  });
});

describe('the database of a newer Snug', () => {
  it('is refused with advice and left as it is', () => {
    const { folder, path } = folderWithConversation();
    {
      using raw = new Connection(path);
      raw.pragma('user_version = 99');
    }
    const before = readFileSync(path);
    const error = thrown(() => openStore(folder));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('newer Snug');
    expect(error.advice).toContain('Update Snug');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(brokenFiles(folder)).toEqual([]);
  });
});

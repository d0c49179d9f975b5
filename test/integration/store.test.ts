import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src-main/store/database.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { thrown } from '../helpers/thrown.ts';

// The store with other processes and other disks: kill -9, two copies at once, full and read-only file systems.

const script = join(import.meta.dirname, '..', 'fixtures', 'store-in-child.ts');

interface Streaming {
  readonly conversationId: string;
  readonly answerId: string;
  readonly hash: string;
  /** kill -9; resolves with the number of the last word that the store had taken for sure */
  readonly kill: () => Promise<number>;
}

/** Another process with the store open, once it has streamed so many words into an answer. */
async function streamingElsewhere(folder: string, words: number): Promise<Streaming> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const lines = createInterface({ input: child.stdout });
  let made: Pick<Streaming, 'conversationId' | 'answerId' | 'hash'> | undefined;
  let taken = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the other process ended by itself')));
    lines.on('line', (line) => {
      if (!made) made = JSON.parse(line) as typeof made;
      else taken = Number(line);
      if (taken >= words) resolve();
    });
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await closed;
    return taken;
  };
  return { ...(made as NonNullable<typeof made>), kill };
}

describe('a killed Snug', () => {
  it.each([1, 40, 900])('has lost nothing of an answer of %i words', async (words) => {
    const folder = temporaryFolder();
    const { conversationId, answerId, hash, kill } = await streamingElsewhere(folder, words);
    const taken = await kill();
    using store = openStore(folder);
    expect(store.notices).toEqual([]);
    expect(store.conversations.message(answerId).state).toBe('streaming');
    expect(store.conversations.recoverInterrupted()).toBe(1);
    const { text, state } = store.conversations.message(answerId);
    expect(state).toBe('cut');
    // every word that was taken, perhaps a few that were not told of any more, each once and in order
    const stored = text.trim().split(' ');
    expect(stored.length).toBeGreaterThanOrEqual(taken);
    expect(stored).toEqual(stored.map((_, i) => `word${i + 1}`));
    expect(store.conversations.search(`word${taken}`)).toMatchObject([{ messageId: answerId }]);
    expect(store.conversations.get(conversationId).thread[0]?.pictures).toMatchObject([{ hash }]);
    expect(readFileSync(store.pictures.path(hash), 'utf8')).toBe('a picture of a boat');
    expect(store.fitJobs.interrupted()).toMatchObject([{ id: 'fit', state: 'paused', share: 0.5 }]);
  });

  it('is no reason to think less of the database of a newer one', async () => {
    const folder = temporaryFolder();
    const { kill } = await streamingElsewhere(folder, 10);
    await kill();
    // as an older Snug sees it: it knows no version yet, and all of the newer one's work is in the WAL
    const path = join(folder, 'snug.db');
    const files = () =>
      ['', '-wal'].map((part) =>
        createHash('sha256')
          .update(readFileSync(path + part))
          .digest('hex'),
      );
    const before = files();
    expect(thrown(() => openStore(folder, [])).message).toContain('newer Snug');
    expect(files()).toEqual(before);
    using store = openStore(folder);
    expect(store.conversations.recoverInterrupted()).toBe(1);
  });
});

describe('a second Snug', () => {
  it('is refused the folder while the first runs, and not any longer', async () => {
    const folder = temporaryFolder();
    const { kill } = await streamingElsewhere(folder, 1);
    const error = thrown(() => openStore(folder));
    expect(error.code).toBe('BUSY');
    expect(error.message).toMatch(/another Snug \(process \d+\) is already using this data folder/);
    await kill();
    using store = openStore(folder);
    expect(store.conversations.list()).toHaveLength(1);
  });
});

const disks = mkdtempSync(join(tmpdir(), 'snug-store-'));

function mount(name: string, flags: string): string | undefined {
  const path = join(disks, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', flags, 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    return undefined;
  }
}

const small = mount('small', 'size=2m');
const readOnly = mount('read-only', 'size=1m,ro');

afterAll(() => {
  for (const path of [small, readOnly]) if (path) execFileSync('umount', [path]);
  rmSync(disks, { recursive: true, force: true });
});

// mounting needs the rights of an administrator; without them these tests are shown as skipped
describe('a disk', () => {
  it.runIf(small !== undefined)(
    'that fills up loses nothing of what was saved, and goes on with room',
    async () => {
      const folder = join(small ?? '', 'home');
      const { answerId, kill } = await streamingElsewhere(folder, 10);
      await kill();
      const filler = join(small ?? '', 'filler');
      {
        using store = openStore(folder);
        const { length } = store.conversations.message(answerId).text;
        const fill = () => {
          for (;;) store.conversations.appendText(answerId, 'x'.repeat(50_000));
        };
        const error = thrown(fill);
        expect(error.code).toBe('DISK_FULL');
        expect(error.advice).toContain('Free some space');
        expect(store.conversations.message(answerId).text.length).toBeGreaterThan(length);
        const bytes = new Uint8Array(2_000_000);
        expect(
          thrown(() => store.pictures.add({ bytes, hash: 'a'.repeat(64), name: 'big', width: 1, height: 1 }))
            .code,
        ).toBe('DISK_FULL');
        expect(readdirSync(join(folder, 'pictures'))).toHaveLength(1);
      }
      fillUp(filler);
      expect(thrown(() => openStore(folder)).code).toBe('DISK_FULL');
      execFileSync('mount', ['-o', 'remount,size=16m', small ?? '']);
      using store = openStore(folder);
      expect(store.notices).toEqual([]);
      expect(store.conversations.recoverInterrupted()).toBe(1);
      expect(store.conversations.message(answerId).text).toMatch(/^ word1 word2 .*x$/);
    },
  );

  it.runIf(readOnly !== undefined)('that is read-only is told in plain words', () => {
    const error = thrown(() => openStore(join(readOnly ?? '', 'home')));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain('read-only');
    expect(existsSync(join(readOnly ?? '', 'home'))).toBe(false);
  });
});

/** Writes until not even a letter more fits. */
function fillUp(path: string): void {
  for (const bytes of [65_536, 4096, 1]) {
    try {
      for (;;) appendFileSync(path, new Uint8Array(bytes));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
}

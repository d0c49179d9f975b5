import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { freeDiskBytes } from '../../../src-main/files/disk.ts';
import { seeded } from '../../helpers/hub/content.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';
import { downloadOf } from './download.ts';

// Real full and read-only disks, where this system lets the test mount them: small file systems in memory.

const MIB = 2 ** 20;
const folder = sharedFolder();

function mount(name: string, options: string): string | undefined {
  const path = join(folder, name);
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    afterAll(() => void execFileSync('umount', [path]));
    return path;
  } catch {
    return undefined;
  }
}

const small = mount('small', 'size=72m');
const readOnly = mount('read-only', 'size=1m,ro');

/** A place on the small disk, which is as empty as it was once the test ends. */
function placeOnSmall(): string {
  const place = join(small ?? '', 'models');
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  return join(place, 'model.gguf');
}

describe('a disk', () => {
  it.runIf(small !== undefined)('without room is told before a byte is fetched', async () => {
    const { start, hub } = await downloadOf(seeded(10 * MIB));
    const error = await rejected(start({ to: placeOnSmall() }));
    expect(error).toMatchObject({ code: 'DISK_FULL', remedies: [{ kind: 'choose-models-folder' }] });
    expect(hub.asked.filter(({ range }) => range !== 'bytes=0-0')).toEqual([]);
  });

  it.runIf(small !== undefined)(
    'that fills up meanwhile keeps what is there, and goes on with room',
    async () => {
      const { start, hub, sentTwice } = await downloadOf(seeded(6 * MIB));
      hub.fail({ kind: 'slow', bytesPerSecond: 2 * MIB }, { at: /signature/ });
      const to = placeOnSmall();
      const filler = join(small ?? '', 'filler');
      const fill = () => {
        try {
          writeFileSync(filler, Buffer.alloc(72 * MIB));
        } catch {
          // as full as it gets
        }
      };
      const error = await rejected(start({ to, onProgress: fill }));
      expect(error).toMatchObject({ code: 'DISK_FULL', advice: expect.stringContaining('kept') as string });
      rmSync(filler);
      hub.recover();
      await start({ to });
      expect(readdirSync(dirname(to))).toEqual(['model.gguf']);
      expect(sentTwice()).toBeLessThan(6 * MIB);
    },
  );

  it.runIf(small !== undefined)(
    'that cannot hold the rest any more is left with room for others',
    async () => {
      const { start, hub } = await downloadOf(seeded(6 * MIB));
      hub.fail({ kind: 'slow', bytesPerSecond: 2 * MIB }, { at: /signature/ });
      const to = placeOnSmall();
      const filler = join(small ?? '', 'filler');
      onTestFinished(() => rmSync(filler, { force: true }));
      let isFilled = false;
      const fill = () => {
        if (!isFilled) writeFileSync(filler, Buffer.alloc(36 * MIB));
        isFilled = true;
      };
      const error = await rejected(start({ to, onProgress: fill, connections: 1 }));
      expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('more') as string });
      expect(freeDiskBytes(small ?? '')).toBeGreaterThan(30 * MIB);
      expect(readdirSync(dirname(to)).toSorted()).toEqual(['model.gguf.part', 'model.gguf.part.journal']);
    },
  );

  it.runIf(small !== undefined)('that gave the file its room at once is not asked for it again', async () => {
    const { start, hub } = await downloadOf(seeded(6 * MIB));
    hub.fail({ kind: 'slow', bytesPerSecond: 4 * MIB }, { at: /signature/ });
    const to = placeOnSmall();
    const stop = new AbortController();
    const onProgress = ({ doneBytes }: { doneBytes: number }) => doneBytes > 0 && stop.abort();
    await rejected(start({ to, signal: stop.signal, onProgress }));
    // as NTFS and exFAT have it from the beginning
    writeFileSync(`${to}.part`, readFileSync(`${to}.part`));
    expect(freeDiskBytes(small ?? '')).toBeLessThan(67 * MIB);
    hub.recover();
    await start({ to });
    expect(readdirSync(dirname(to))).toEqual(['model.gguf']);
  });

  it.runIf(readOnly !== undefined)('that is read-only is told before anything is asked', async () => {
    const { start, hub } = await downloadOf(seeded(MIB));
    const error = await rejected(start({ to: join(readOnly ?? '', 'model.gguf') }));
    expect(error).toMatchObject({
      code: 'CANNOT_WRITE',
      message: expect.stringContaining('read-only') as string,
    });
    expect(hub.asked).toEqual([]);
  });
});

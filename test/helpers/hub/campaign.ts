import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { hashFile } from '../../../src-main/files/hash.ts';
import { CHUNK_BYTES } from '../../../src-main/downloads/part-file.ts';
import type { ChildDownload } from '../../fixtures/download-in-child.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { seeded, sha256Of } from './content.ts';
import { TestHub } from './test-hub.ts';

const program = join(import.meta.dirname, '..', '..', 'fixtures', 'download-in-child.ts');
const file = { repository: 'maker/model-GGUF', revision: 'main', path: 'model-F16.gguf' };
/** What a process must have fetched before it is worth killing. */
const WORTH_KILLING_BYTES = 2 ** 19;
/** On the way when a connection is cut: what the systems of both sides hold. */
const CUT_BYTES = 2 ** 20;

export interface Campaign {
  readonly bytes: number;
  readonly cuts: number;
  readonly kills: number;
  /** each of the connections */
  readonly bytesPerSecond: number;
  /** a number from 0 to 1 */
  readonly random?: () => number;
}

/** Downloads a file that loses all its connections and its process again and again, and expects it whole, and little fetched twice. */
export async function surviveCampaign({
  bytes,
  cuts,
  kills,
  bytesPerSecond,
  random = Math.random,
}: Campaign) {
  const hub = await TestHub.untilTestEnds();
  const content = seeded(bytes);
  hub.put(file.repository, { files: { [file.path]: content } });
  hub.fail({ kind: 'slow', bytesPerSecond }, { at: /signature/ });
  const to = join(temporaryFolder(), 'model.gguf');
  const sent = () => hub.bytesSent(file.path);
  const troubles = Array.from({ length: cuts + kills }, (_, i) => ({
    kind: i < cuts ? ('cut' as const) : ('kill' as const),
    at: Math.floor((0.05 + 0.9 * random()) * bytes),
  })).toSorted((a, b) => a.at - b.at);

  let child = startChild({ address: hub.address, file, to });
  let startedAt = sent();
  for (const { kind, at } of troubles) {
    await reached(child, () => sent() >= at && sent() - startedAt >= WORTH_KILLING_BYTES);
    if (kind === 'cut') {
      hub.cutConnections();
      continue;
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    startedAt = sent();
    child = startChild({ address: hub.address, file, to });
  }
  if (child.exitCode === null) await once(child, 'close');
  expect(child.exitCode).toBe(0);
  expect(await hashFile(to)).toBe(sha256Of(content));
  expect(readdirSync(dirname(to))).toEqual(['model.gguf']);
  const twice = sent() - bytes;
  expect(twice).toBeLessThan(kills * CHUNK_BYTES + cuts * CUT_BYTES);
  return { twice };
}

function startChild(download: ChildDownload): ChildProcess {
  return spawn(process.execPath, [program, JSON.stringify(download)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function reached(child: ChildProcess, condition: () => boolean): Promise<void> {
  while (!condition()) {
    expect(child.exitCode, 'the download ended by itself').toBeNull();
    await pause(2);
  }
}

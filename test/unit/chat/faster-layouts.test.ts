import systeminformation from 'systeminformation';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { answersFasterWide } from '../../../src-main/chat/faster-layouts.ts';
import type { Addon, Backends } from '../../../src-main/engine/native-types.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { profileLaptop } from '../../../src-main/profile/laptop.ts';
import { kernelCache, keepKernelSpeeds } from '../../../src-main/profile/probe-cache.ts';
import { layerTensors, writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const type = 'IQ1_M';
const [columns, rows] = [512, 512];
const backends = { cpuFeatures: ['AVX2'], cpuVariant: 'haswell', ownKernels: 'AVX2', devices: [] };
let home: string;

beforeEach(() => {
  home = temporaryFolder();
  vi.stubEnv('SNUG_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Asks as a chat does that opens a model with a wide layout. `timed`: which layouts were timed for it */
async function ask(timed: boolean[] = []): Promise<boolean> {
  const addon = {
    AbortFlag: class {},
    loadedWeight: ({ type: of, wide = false }: { type: number; wide?: boolean }) => {
      return { bytes: wide ? 2 ** 20 : 2 ** 19, rearranged: of === tensorTypeId(type) };
    },
    probeProduct: ({ wide = false }) => {
      timed.push(wide);
      return Promise.resolve(wide ? 2e9 : 1e9);
    },
  } as unknown as Addon;
  const tensors = [
    { name: 'token_embd.weight', shape: [columns, rows], type },
    ...layerTensors(1, 32, 'F32'),
  ];
  const text = readTextModel(writeTextModel(temporaryFolder(), { width: 512, type, layers: 1, tensors }));
  const loaded = { addon, backends: backends as unknown as Backends };
  return answersFasterWide(loaded, text, { threads: 1 });
}

it('a chat knows the processor without asking other programs for it', async () => {
  const queries = (['cpu', 'mem', 'battery', 'graphics'] as const).map((query) =>
    vi.spyOn(systeminformation, query),
  );
  expect(await ask()).toBe(true);
  for (const query of queries) expect(query).not.toHaveBeenCalled();
});

it('what a fit has timed is not timed again for a chat', async () => {
  const timed: boolean[] = [];
  const laptop = await profileLaptop({ modelsFolder: home, ...backends });
  const matrix = { type: tensorTypeId(type), columns, rows, timedAt: Date.now() };
  keepKernelSpeeds({ cachePath: kernelCache(home), laptop, threads: 1 }, [
    { ...matrix, bytesPerSecond: 2e9 },
    { ...matrix, wide: true, bytesPerSecond: 1e9 },
  ]);
  expect(await ask(timed)).toBe(false);
  expect(timed).toEqual([]);
});

import { beforeAll, describe, expect, it } from 'vitest';
import type { Fitted } from '../../../src-main/contract/workers/compress.ts';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { measureOverhead } from '../../../src-main/luq/plan/memory.ts';
import {
  checkPair,
  expectsVision,
  readTextModel,
  readVisionModel,
} from '../../../src-main/models/model-file.ts';
import { writeMiniCpmV4 } from '../../fixtures/families/minicpm-v4.ts';
import { writeLlava, type ModelFiles } from '../../fixtures/models.ts';
import {
  expectAsPlanned,
  expectCountedChat,
  expectLlamaBytes,
  expectSameLogits,
  expectSeen,
  limitsOf,
  newFolder,
  openPair,
  scaleOf,
  SHAPES,
} from '../../helpers/family-checks.ts';
import { RECORDED_RUNGS } from '../../helpers/families.ts';
import { outputOf, quickFit } from '../../helpers/quick-fit.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// A resampler makes as many tokens of each slice, whatever its shape; a file of an old converter, with no name and a projection of nothing.

const { addon } = loadAddon();
const folder = sharedFolder();

describe('MiniCPM-V 4', () => {
  let files: ModelFiles;
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder(folder, 'minicpm');
    files = writeMiniCpmV4(where);
    fitted = await quickFit(where, {
      modelPath: files.model,
      mmprojPath: files.mmproj,
    });
  });

  it('is told for what it is, and finds its vision file by itself', () => {
    expect(inspect(files.model)).toMatchObject({
      name: 'Random-MiniCPM-V-4',
      architecture: 'llama',
      facts: {
        layers: 4,
        'tied output': false,
        // of 8 tokens: the whole alone, and with nine slices
        'picture tokens': '8 to 80',
        'vision file': files.mmproj,
      },
    });
    expect(inspect(files.mmproj)).toMatchObject({
      name: 'image encoder for MiniCPM-V',
      architecture: 'resampler',
      facts: { 'projection length': 256 },
    });
    expect(expectsVision({ ...readTextModel(files.model), name: 'Model', path: 'ggml-model-f16.gguf' })).toBe(
      true,
    );
  });

  it('belongs to no other Llama of its width', () => {
    const llava = readTextModel(writeLlava(newFolder(folder, 'other')).model);
    const error = thrown(() => checkPair(llava, readVisionModel(files.mmproj)));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('<slice>');
  });

  it('is fitted with the pictures seen', () => {
    expectSeen(fitted);
    expectAsPlanned(fitted);
    expect(fitted.plan.fallbacks).toEqual([]);
  });

  it.each(RECORDED_RUNGS)('is quantized to the bytes of llama-quantize in %s', async (rung) => {
    await expectLlamaBytes(files, 'minicpm-v-4', rung, folder);
  });

  it.each(['circle', 'shapes'])('is calibrated on what a chat sees of %s', async (name) => {
    await expectSameLogits(files, name);
  });

  it('says what pictures cost before they are sent, and answers about them', async () => {
    await expectCountedChat({ ...files, model: outputOf(fitted) }, ['circle', 'colours']);
  });

  it('takes no more tokens for a picture than it may, as it is shown smaller', async () => {
    using open = await scaleOf(files);
    for (const shape of SHAPES) {
      for (const most of [80, 50, 24, 8, 1]) {
        const tokens = open.scale.tokens(open.scale.within(shape, most));
        expect(tokens, `${shape.width} × ${shape.height}, ${most}`).toBeLessThanOrEqual(Math.max(8, most));
        expect(tokens).toBeGreaterThanOrEqual(8);
      }
    }
    const photo = { width: 4000, height: 3000 };
    expect(open.scale.tokens(open.scale.within(photo, 80))).toBe(80);
    // four slices and the whole of it
    expect(open.scale.tokens(open.scale.within(photo, 44))).toBe(40);
  });

  it('has room in memory for the slice with the most patches, not for a square one', async () => {
    using model = await openPair(files);
    const vision = readVisionModel(files.mmproj);
    const { visionComputeBytes } = await measureOverhead(addon, model, {
      contextTokens: 512,
      vision,
      limits: limitsOf(files),
    });
    expect(visionComputeBytes).toBeGreaterThan(await addon.visionMemory({ mmprojPath: files.mmproj }));
  });
});

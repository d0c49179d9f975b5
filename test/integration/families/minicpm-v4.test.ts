import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { measureOverhead } from '../../../src-main/luq/plan/memory.ts';
import {
  checkPair,
  expectsVision,
  readTextModel,
  readVisionModel,
} from '../../../src-main/models/model-file.ts';
import { writeMiniCpmV4 } from '../../fixtures/families/minicpm-v4.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { limitsOf, newFolder, openPair, scaleOf, SHAPES } from '../../helpers/family-checks.ts';
import { familySteps } from '../../helpers/describe-family.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// A resampler makes as many tokens of each slice, whatever its shape; a file of an old converter, with no name and a projection of nothing.

const { addon } = loadAddon();
const folder = sharedFolder();

describe('MiniCPM-V 4', () => {
  const { files, fitted } = familySteps({
    folder,
    write: writeMiniCpmV4,
    recorded: 'minicpm-v-4',
    told: {
      text: { name: 'Random-MiniCPM-V-4', architecture: 'llama' },
      // of 8 tokens: the whole alone, and with nine slices
      facts: { layers: 4, 'tied output': false, 'picture tokens': '8 to 80' },
      vision: {
        name: 'image encoder for MiniCPM-V',
        architecture: 'resampler',
        facts: { 'projection length': 256 },
      },
    },
  });

  it('is known to see by its tokens, whatever it is called', () => {
    const text = readTextModel(files().model);
    expect(expectsVision({ ...text, name: 'Model', path: 'ggml-model-f16.gguf' })).toBe(true);
  });

  it('belongs to no other Llama of its width', () => {
    const llava = readTextModel(writeLlava(newFolder(folder, 'other')).model);
    const error = thrown(() => checkPair(llava, readVisionModel(files().mmproj)));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('<slice>');
  });

  it('has every tensor in the type that was wished for', () => {
    expect(fitted().plan.fallbacks).toEqual([]);
  });

  it('takes no more tokens for a picture than it may, as it is shown smaller', async () => {
    using open = await scaleOf(files());
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
    using model = await openPair(files());
    const vision = readVisionModel(files().mmproj);
    const { visionComputeBytes } = await measureOverhead(addon, model, {
      contextTokens: 512,
      vision,
      limits: limitsOf(files()),
    });
    expect(visionComputeBytes).toBeGreaterThan(await addon.visionMemory({ mmprojPath: files().mmproj }));
  });
});

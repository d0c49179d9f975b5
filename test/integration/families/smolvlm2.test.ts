import { describe, expect, it } from 'vitest';
import { tryNative } from '../../../src-main/engine/native-calls.ts';
import { openingLimits } from '../../../src-main/models/image-limits.ts';
import { checkPair, readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { writeSmolVlm2 } from '../../fixtures/families/smolvlm2.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { limitsOf, newFolder, openPair, scaleOf, SHAPES } from '../../helpers/family-checks.ts';
import { familySteps } from '../../helpers/describe-family.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// Idefics3's projector: a picture is cut into squares by its shape alone, with their places between them and the whole of it behind.

const folder = sharedFolder();

describe('SmolVLM2', () => {
  const { files, fitted } = familySteps({
    folder,
    write: writeSmolVlm2,
    recorded: 'smolvlm2',
    told: {
      text: { name: 'Random-SmolVLM2', architecture: 'llama' },
      // of 4 tokens: two tiles at least, four by four and the whole at most
      facts: { layers: 4, 'tied output': true, 'picture tokens': '8 to 68' },
      vision: { name: 'Random-SmolVLM2', architecture: 'idefics3' },
    },
  });

  it('belongs to no other Llama of its width', () => {
    const llava = writeLlava(newFolder(folder, 'llava'), { width: 192, heads: 3, keyValueHeads: 3 });
    const vision = readVisionModel(files().mmproj);
    const error = thrown(() => checkPair(readTextModel(llava.model), vision));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('<global-img>');
  });

  it('has rows that no K-quant holds, as llama.cpp has them', () => {
    const { fallbacks } = fitted().plan;
    // five matrices of 192 columns a layer beside ffn_gate and ffn_up, and the embeddings
    expect(fallbacks).toHaveLength(4 * 6 + 1);
    expect(new Set(fallbacks.map(({ columns }) => columns))).toEqual(new Set([192]));
  });

  it('shows every picture whole, as large as its own code makes it, where nothing is limited', async () => {
    expect(openingLimits(readVisionModel(files().mmproj), limitsOf(files()))).toEqual({});
    using open = await scaleOf(files());
    const tokens = SHAPES.map((shape) => open.scale.tokens(open.scale.within(shape, 68)));
    //                     1 × 1, 40 × 40, 4 : 3 → 4 × 3, 9 : 16, 4 : 3, 6 : 1, strips of 100 : 1 at most
    expect(tokens).toEqual([68, 68, 52, 52, 52, 20, 20, 20]);
  });

  it('refuses a strip of which nothing would be left, where nobody stretches it first', async () => {
    using model = await openPair(files());
    const strip = { text: model.describe().mediaMarker, images: [{ width: 3000, height: 10 }] };
    expect(thrown(() => tryNative(() => model.layout(strip))).code).toBe('BAD_PICTURE');
  });

  it.each([1024, 40, 12, 1])('takes at most %d tokens for a picture where it is told so', async (most) => {
    const limits = { ...limitsOf(files()), maxTokens: Math.max(8, Math.min(68, most)) };
    using open = await scaleOf(files(), limits);
    const square = open.scale.tokens({ width: 600, height: 600 });
    expect(square).toBeLessThanOrEqual(limits.maxTokens);
    expect(square).toBeGreaterThanOrEqual(8);
  });
});

describe('a file of SmolVLM2 from before the longest side was kept in it', () => {
  it('makes no more tiles than the model has seen', async () => {
    const files = writeSmolVlm2(newFolder(folder, 'old'), { old: true });
    expect(limitsOf(files)).toMatchObject({ minTokens: 8, maxTokens: 68 });
    using open = await scaleOf(files);
    for (const shape of SHAPES.slice(0, 5))
      expect(open.scale.tokens(open.scale.within(shape, 68)), `${shape.width}`).toBeLessThanOrEqual(68);
  });
});

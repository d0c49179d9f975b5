import { describe, expect, it } from 'vitest';
import { openingLimits } from '../../../src-main/models/image-limits.ts';
import { checkPair, readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { writeInternVl3 } from '../../fixtures/families/internvl3.ts';
import { writeTextOnly } from '../../fixtures/models.ts';
import { limitsOf, newFolder, scaleOf, SHAPES } from '../../helpers/family-checks.ts';
import { familySteps } from '../../helpers/describe-family.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// A picture is laid out in the grid of tiles that wastes least of it, with the whole of it behind; fewer pixels make fewer tiles.

const folder = sharedFolder();

describe('InternVL3', () => {
  const { files, fitted } = familySteps({
    folder,
    write: writeInternVl3,
    recorded: 'internvl3',
    told: {
      text: { name: 'Random-InternVL3', architecture: 'qwen2' },
      // of 4 tokens: one tile at least, twelve and the whole at most
      facts: { layers: 4, 'tied output': false, 'picture tokens': '4 to 52' },
      vision: { architecture: 'internvl' },
    },
  });

  it('belongs to no other Qwen of its width', () => {
    const other = readTextModel(writeTextOnly(newFolder(folder, 'other')));
    const error = thrown(() => checkPair(other, readVisionModel(files().mmproj)));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('<img>, </img>');
  });

  it('has every tensor in the type that was wished for', () => {
    expect(fitted().plan.fallbacks).toEqual([]);
  });

  it('takes no more tokens for a picture than it may, as it is shown smaller', async () => {
    expect(openingLimits(readVisionModel(files().mmproj), limitsOf(files()))).toEqual({});
    using open = await scaleOf(files());
    for (const shape of SHAPES) {
      for (const most of [52, 40, 24, 8, 4, 1]) {
        const tokens = open.scale.tokens(open.scale.within(shape, most));
        expect(tokens, `${shape.width} × ${shape.height}, ${most}`).toBeLessThanOrEqual(Math.max(4, most));
        expect(tokens).toBeGreaterThanOrEqual(4);
      }
    }
    // and not many fewer: a photograph has room for three by two tiles and the whole, or for four
    const photo = { width: 4000, height: 3000 };
    expect(open.scale.tokens(open.scale.within(photo, 52))).toBe(52);
    expect(open.scale.tokens(open.scale.within(photo, 28))).toBeGreaterThanOrEqual(20);
  });
});

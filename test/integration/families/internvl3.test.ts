import { beforeAll, describe, expect, it } from 'vitest';
import type { Fitted } from '../../../src-main/contract/workers/compress.ts';
import { openingLimits } from '../../../src-main/models/image-limits.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { checkPair, readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { writeInternVl3 } from '../../fixtures/families/internvl3.ts';
import { writeTextOnly, type ModelFiles } from '../../fixtures/models.ts';
import {
  expectAsPlanned,
  expectCountedChat,
  expectLlamaBytes,
  expectSameLogits,
  expectSeen,
  limitsOf,
  newFolder,
  scaleOf,
  SHAPES,
} from '../../helpers/family-checks.ts';
import { RECORDED_RUNGS } from '../../helpers/families.ts';
import { outputOf, quickFit } from '../../helpers/quick-fit.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

// A picture is laid out in the grid of tiles that wastes least of it, with the whole of it behind; fewer pixels make fewer tiles.

const folder = sharedFolder();

describe('InternVL3', () => {
  let files: ModelFiles;
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder(folder, 'internvl3');
    files = writeInternVl3(where);
    fitted = await quickFit(where, { modelPath: files.model, mmprojPath: files.mmproj });
  });

  it('is told for what it is, and finds its vision file by itself', () => {
    expect(inspect(files.model)).toMatchObject({
      name: 'Random-InternVL3',
      architecture: 'qwen2',
      facts: {
        layers: 4,
        'tied output': false,
        // of 4 tokens: one tile at least, twelve and the whole at most
        'picture tokens': '4 to 52',
        'vision file': files.mmproj,
      },
    });
    expect(inspect(files.mmproj)).toMatchObject({ architecture: 'internvl' });
  });

  it('belongs to no other Qwen of its width', () => {
    const other = readTextModel(writeTextOnly(newFolder(folder, 'other')));
    const error = thrown(() => checkPair(other, readVisionModel(files.mmproj)));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('<img>, </img>');
  });

  it('is fitted with the pictures seen', () => {
    expectSeen(fitted);
    expectAsPlanned(fitted);
    expect(fitted.plan.fallbacks).toEqual([]);
  });

  it.each(RECORDED_RUNGS)('is quantized to the bytes of llama-quantize in %s', async (rung) => {
    await expectLlamaBytes(files, 'internvl3', rung, folder);
  });

  it.each(['circle', 'shapes'])('is calibrated on what a chat sees of %s', async (name) => {
    await expectSameLogits(files, name);
  });

  it('says what pictures cost before they are sent, and answers about them', async () => {
    await expectCountedChat({ ...files, model: outputOf(fitted) }, ['circle', 'colours']);
  });

  it('takes no more tokens for a picture than it may, as it is shown smaller', async () => {
    expect(openingLimits(readVisionModel(files.mmproj), limitsOf(files))).toEqual({});
    using open = await scaleOf(files);
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

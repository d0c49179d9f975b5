import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readGguf } from '../../../../src-main/gguf/gguf.ts';
import { Walk, type WalkInputs } from '../../../../src-main/luq/gram/walk.ts';
import { FakeQuantizer } from '../../../helpers/fake-quantizer.ts';
import { writeTextModel } from '../../../helpers/small-models.ts';
import { sharedFolder } from '../../../helpers/temporary-folder.ts';

const folder = sharedFolder();
const source = readGguf(writeTextModel(folder, { width: 256 }));

function walkOver(texts: number, inputs: WalkInputs = 'source'): Walk {
  const sequences = Array.from({ length: texts }, (_, i) => ({
    ...{ kind: 'text' as const, name: `text ${i}`, tokens: 50, imageTokens: [], ids: new Int32Array(50) },
    answer: { first: 0, count: 0 },
    prepare: () => Promise.reject(new Error('no walk is made')),
  }));
  return new Walk({
    ...{ addon: new FakeQuantizer().addon, source, layers: 2, width: 256, sequences, inputs },
    openSource: () => Promise.reject(new Error('no walk is made')),
    ...{ weightOfPictures: 1, folder: join(folder, 'walk'), batchTokens: 100, threads: 1 },
  });
}

it('a walk says that it has fewer tokens than columns, of those that blocks are made with', () => {
  // every fourth is held out: 200 and 300 tokens for 256 columns
  expect(walkOver(5).warnings('source')).toEqual([
    'The calibration has 200 tokens for up to 256 columns that are rounded together: what it says of them is weak.',
  ]);
  expect(walkOver(8).warnings('source')).toEqual([]);
});

it('a walk says that layers do not run alone where quantized inputs were asked for', () => {
  expect(walkOver(8, 'quantized').warnings('quantized')).toEqual([]);
  expect(walkOver(8, 'quantized').warnings('source')).toEqual([expect.stringContaining('do not run alone')]);
});

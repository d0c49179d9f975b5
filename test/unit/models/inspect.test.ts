import { describe, expect, it } from 'vitest';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { number, text, writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

describe('an inspected file', () => {
  it('tells its layers in their order', () => {
    const tensors = [2, 0, 1].map((layer) => ({ name: `blk.${layer}.attn_q.weight`, shape: [32, 32] }));
    const { layers } = inspect(writeTextModel(temporaryFolder(), { layers: 3, tensors }));
    expect(layers.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  it('of an encoder with one layer far from the first tells that one alone', () => {
    const tensors = [{ name: 'blk.500.weight', shape: [8, 8] }];
    const { layers } = inspect(writeVisionModel(temporaryFolder(), { tensors }));
    expect(layers.map((layer) => layer.index)).toEqual([500]);
  });

  it('shows what is hidden in its name, and cuts a long one', () => {
    const entries = [text('general.name', `\x1b[2J${'x'.repeat(100_000)}`)];
    const { name } = inspect(writeTextModel(temporaryFolder(), { entries }));
    expect(name.slice(0, 10)).toBe('\\u001b[2Jx');
    expect(name.length).toBeLessThan(300);
  });

  it('tells what a fit wrote, of longer lists only how long they are', () => {
    const entries = [
      ggufEntry('luq.order', GgufType.uint32, [1, 0]),
      ggufEntry('luq.rungs', GgufType.uint8, Array<number>(100_000).fill(0)),
      number('luq.seed', 7),
      text('luq.\x1b[31m', '\x1b]0;OWNED\x07'),
    ];
    expect(inspect(writeTextModel(temporaryFolder(), { entries })).luq).toEqual({
      'luq.order': [1, 0],
      'luq.rungs': '100000 values',
      'luq.seed': 7,
      'luq.\\u001b[31m': '\\u001b]0;OWNED\\u0007',
    });
  });
});

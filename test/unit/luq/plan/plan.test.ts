import { describe, expect, it } from 'vitest';
import type { Mixture } from '../../../../src-main/luq/plan/mixture.ts';
import {
  decodeMatrices,
  doesNotFit,
  planWith,
  smallestThatFits,
  type PlanInputs,
} from '../../../../src-main/luq/plan/plan.ts';
import { layerOf } from '../../../../src-main/models/model-file.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { formatBytes } from '../../../../src-main/contract/bytes.ts';
import { ggufTensor } from '../../../helpers/small-models.ts';
import { thrown } from '../../../helpers/thrown.ts';

const LAYERS = 4;
const [F16, F32, Q4_K, IQ1_M] = ['F16', 'F32', 'Q4_K', 'IQ1_M'].map(tensorTypeId) as [
  number,
  number,
  number,
  number,
];

const tensors = [
  ggufTensor({ name: 'token_embd.weight', shape: [256, 16] }),
  ...Array.from({ length: LAYERS }, (_, layer) => [
    ggufTensor({ name: `blk.${layer}.attn_norm.weight`, shape: [256], type: 'F32' }),
    ggufTensor({ name: `blk.${layer}.ffn_up.weight`, shape: [256, 256] }),
  ]).flat(),
];

const mixture = (type: number): Mixture =>
  new Map(tensors.map((tensor) => [tensor.name, tensor.shape.length < 2 ? tensor.type : type]));

const inputs: PlanInputs = {
  rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
  tensors,
  high: mixture(Q4_K),
  low: mixture(IQ1_M),
  order: [2, 0, 3, 1],
  overhead: {
    contextTokens: 4096,
    kvCacheBytes: 1000,
    computeBytes: 200,
    visionWeightsBytes: 30,
    visionComputeBytes: 4,
  },
  extra: () => 0,
};

const HIGH_LAYER = 256 * 144 + 1024;
const LOW_LAYER = 256 * 56 + 1024;
const EMBEDDINGS = 16 * 144;
const OVERHEAD = 1234;

describe('a plan', () => {
  it.each([0, 1, 2, 3, 4])('with %d low layers takes the first of the order', (lowLayers) => {
    const plan = planWith(inputs, lowLayers);
    const low = tensors
      .filter((tensor) => plan.types.get(tensor.name) === IQ1_M)
      .map((tensor) => layerOf(tensor.name) ?? -1);
    expect(new Set(low)).toEqual(new Set(inputs.order.slice(0, lowLayers)));
    const weightsBytes = EMBEDDINGS + (LAYERS - lowLayers) * HIGH_LAYER + lowLayers * LOW_LAYER;
    expect(plan.memory).toEqual({
      weightsBytes,
      visionWeightsBytes: 30,
      kvCacheBytes: 1000,
      computeBytes: 200,
      visionComputeBytes: 4,
      rearrangedBytes: 0,
      totalBytes: weightsBytes + OVERHEAD,
    });
  });

  it('counts what a processor’s own layout of the weights takes beside their bytes', () => {
    const extra: PlanInputs['extra'] = (tensor, type) =>
      type === Q4_K && layerOf(tensor.name) !== undefined ? 100 : 0;
    const { memory } = planWith({ ...inputs, extra }, 1);
    const { memory: without } = planWith(inputs, 1);
    expect(memory).toEqual({
      ...without,
      rearrangedBytes: (LAYERS - 1) * 100,
      totalBytes: without.totalBytes + (LAYERS - 1) * 100,
    });
  });

  it('leaves what is no layer on the high rung, and norms as they are', () => {
    const { types } = planWith(inputs, LAYERS);
    expect(types.get('token_embd.weight')).toBe(Q4_K);
    expect(types.get('blk.0.attn_norm.weight')).toBe(F32);
  });

  it('keeps the type of a tensor that the mixture does not know', () => {
    const plan = planWith({ ...inputs, high: new Map(), low: new Map() }, 1);
    expect(plan.types.get('token_embd.weight')).toBe(F16);
  });

  it.each([-1, 5, 1.5, Number.NaN])('cannot put %d of 4 layers low', (lowLayers) => {
    const error = thrown(() => planWith(inputs, lowLayers));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.message).toContain('4 layers');
  });
});

describe('a budget', () => {
  const need = (lowLayers: number) => planWith(inputs, lowLayers).memory.totalBytes;

  it.each([0, 1, 2, 3, 4])(
    'of exactly what %d low layers need gives that many, one byte less one more',
    (lowLayers) => {
      expect(smallestThatFits(inputs, need(lowLayers))?.lowLayers).toBe(lowLayers);
      const tighter = smallestThatFits(inputs, need(lowLayers) - 1);
      expect(tighter?.lowLayers).toBe(lowLayers === LAYERS ? undefined : lowLayers + 1);
    },
  );

  it('with room to spare gives no low layers', () => {
    expect(smallestThatFits(inputs, 1e12)?.lowLayers).toBe(0);
  });
});

describe('what does not fit', () => {
  const needed = planWith(inputs, LAYERS).memory.totalBytes;
  const spare = { budgetBytes: needed - 100, mostBytes: 2 * needed };
  const saving = (label: string, kind: 'smaller-vision' | 'try-plans', saved: number) => ({
    ...{ label, remedies: [{ kind }], totalBytes: needed - saved },
  });

  it('says what is needed, what is missing and what would help, as words and as data', () => {
    const error = doesNotFit(inputs, spare, [
      saving('the vision file in 8 bits', 'smaller-vision', 101),
      saving('something less', 'try-plans', 99),
    ]);
    expect(error.code).toBe('DOES_NOT_FIT');
    for (const words of ['IQ1_M', formatBytes(needed), '100 B more', formatBytes(spare.budgetBytes)])
      expect(error.message).toContain(words);
    expect(error.advice).toContain(`the vision file in 8 bits (${formatBytes(needed - 101)})`);
    expect(error.advice).not.toContain('something less');
    expect(error.remedies).toEqual([{ kind: 'smaller-vision' }, { kind: 'set-budget', bytes: needed }]);
  });

  it('says which size of model fits where this laptop could not give more', () => {
    const half = { budgetBytes: needed / 2, mostBytes: needed - 1 };
    const error = doesNotFit(inputs, half, []);
    const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const said =
      /up to about (\d+) K parameters fits; with every layer at Q4_K_M one of up to about (\d+) K/.exec(
        error.advice ?? '',
      );
    const [smallest, allHigh] = [Number(said?.[1]) * 1000, Number(said?.[2]) * 1000];
    expect(smallest).toBeGreaterThan(0.45 * parameters);
    expect(smallest).toBeLessThanOrEqual(0.5 * parameters);
    expect(allHigh).toBeLessThan(smallest);
    expect(error.remedies).toEqual([]);
  });
});

describe('the matrices that a token is multiplied with', () => {
  const output = ggufTensor({ name: 'output.weight', shape: [256, 16] });
  const { types } = planWith(inputs, 1);

  it('are those of the layers and the embeddings when they are the output too', () => {
    const matrices = decodeMatrices(tensors, types);
    expect(matrices).toHaveLength(LAYERS + 1);
    expect(matrices).toContainEqual({ type: Q4_K, columns: 256, rows: 16 });
    expect(matrices.filter(({ type }) => type === IQ1_M)).toEqual([{ type: IQ1_M, columns: 256, rows: 256 }]);
  });

  it('are those of the layers and the output, not the embeddings, when it has one', () => {
    const matrices = decodeMatrices([...tensors, output], types);
    expect(matrices).toHaveLength(LAYERS + 1);
    expect(matrices).toContainEqual({ type: F16, columns: 256, rows: 16 });
    expect(matrices).not.toContainEqual({ type: Q4_K, columns: 256, rows: 16 });
  });
});

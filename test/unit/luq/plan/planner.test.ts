import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../../../src-main/contract/bytes.ts';
import { lowLayersOf } from '../../../../src-main/contract/low-layers.ts';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { otherKernels, type ExtraBytes } from '../../../../src-main/luq/plan/loaded-weights.ts';
import { TOGETHER, type Alternative } from '../../../../src-main/luq/plan/savings.ts';
import { decodeMatrices, lowLayerCount, type LayerPlan } from '../../../../src-main/luq/plan/plan.ts';
import { layerOf } from '../../../../src-main/models/model-file.ts';
import { layouts, plannerOf } from '../../../helpers/planners.ts';
import { ggufTensor } from '../../../helpers/small-models.ts';
import { thrown } from '../../../helpers/thrown.ts';

const LAYERS = 4;
const [F16, F32, Q4_K] = [tensorTypeId('F16'), tensorTypeId('F32'), tensorTypeId('Q4_K')];
const [Q2_K, IQ1_M] = [tensorTypeId('Q2_K'), tensorTypeId('IQ1_M')];

const tensors = [
  ggufTensor({ name: 'token_embd.weight', shape: [256, 16] }),
  ...Array.from({ length: LAYERS }, (_, layer) => [
    ggufTensor({ name: `blk.${layer}.attn_norm.weight`, shape: [256], type: 'F32' }),
    ggufTensor({ name: `blk.${layer}.ffn_up.weight`, shape: [256, 256] }),
  ]).flat(),
];

const OVERHEAD_PARTS = {
  contextTokens: 4096,
  kvCacheBytes: 1000,
  computeBytes: 200,
  visionWeightsBytes: 30,
  visionComputeBytes: 4,
};
const ORDER = [2, 0, 3, 1];
const planner = plannerOf(tensors, { overhead: OVERHEAD_PARTS });
const lowLayersIn = (plan: LayerPlan | undefined) => plan && lowLayerCount(plan);
const lowOf = ({ layerRungs, rungs }: LayerPlan) => lowLayersOf(layerRungs, rungs.high);

const HIGH_LAYER = 256 * 144 + 1024;
const LOW_LAYER = 256 * 56 + 1024;
const EMBEDDINGS = 16 * 144;
const OVERHEAD = 1234;

const lean: ExtraBytes = (_, type) => (type === IQ1_M ? 10 : 0);
const wide: ExtraBytes = (_, type) => (type === IQ1_M ? 100 : 0);

describe('a plan', () => {
  it.each([0, 1, 2, 3, 4])('with %d low layers takes the first of the order', (lowLayers) => {
    const plan = planner.withLowLayers(ORDER, lowLayers);
    const low = tensors
      .filter((tensor) => plan.types.get(tensor.name) === IQ1_M)
      .map((tensor) => layerOf(tensor.name) ?? -1);
    expect(new Set(low)).toEqual(new Set(ORDER.slice(0, lowLayers)));
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
    const extra: ExtraBytes = (tensor, type) =>
      type === Q4_K && layerOf(tensor.name) !== undefined ? 100 : 0;
    const arranging = plannerOf(tensors, { overhead: OVERHEAD_PARTS, layouts: layouts(extra) });
    const { memory } = arranging.withLowLayers(ORDER, 1);
    const { memory: without } = planner.withLowLayers(ORDER, 1);
    expect(memory).toEqual({
      ...without,
      rearrangedBytes: (LAYERS - 1) * 100,
      totalBytes: without.totalBytes + (LAYERS - 1) * 100,
    });
  });

  it('has its weights in wide layouts where the budget leaves room for them, and is the same plan where not', () => {
    const choosing = plannerOf(tensors, { overhead: OVERHEAD_PARTS, layouts: layouts(lean, { wide }) });
    const plan = choosing.withLowLayers(ORDER, 2);
    expect(plan.memory).toMatchObject({ rearrangedBytes: 20 });
    expect(plan.memory.wide).toBeUndefined();
    const needed = plan.memory.totalBytes + 180;
    expect(choosing.asLoaded(plan, needed - 1)).toBe(plan);
    expect(choosing.asLoaded(plan, needed)).toEqual({
      ...plan,
      memory: { ...plan.memory, rearrangedBytes: 200, wide: true, totalBytes: needed },
    });
    const allHigh = choosing.withLowLayers(ORDER, 0);
    expect(choosing.asLoaded(allHigh, Infinity)).toBe(allHigh);
    expect(planner.asLoaded(plan, Infinity)).toBe(plan);
  });

  it('of several types with wide layouts counts those of all of them, each as much as it takes', () => {
    const both: ExtraBytes = (_, type) => (type === Q4_K ? 7 : type === IQ1_M ? 100 : 0);
    const choosing = plannerOf(tensors, { overhead: OVERHEAD_PARTS, layouts: layouts(lean, { wide: both }) });
    const plan = choosing.withLowLayers(ORDER, 1);
    const high = [...plan.types.values()].filter((type) => type === Q4_K).length;
    const extra = choosing.asLoaded(plan, Infinity).memory.rearrangedBytes;
    expect(extra).toBe(100 + 7 * high);
    expect(choosing.asLoaded(plan, plan.memory.totalBytes + extra - 11)).toBe(plan);
  });

  it('is multiplied with in wide layouts where its memory counts them', () => {
    const choosing = plannerOf(tensors, { layouts: layouts(lean, { wide }) });
    const plan = choosing.withLowLayers(ORDER, 1);
    const [low, high] = [IQ1_M, Q4_K].map((type) => ({ type, columns: 256, rows: 256 }));
    const matricesOf = (one: LayerPlan) => choosing.decodeMatrices(one).filter(({ rows }) => rows === 256);
    expect(matricesOf(plan)).toEqual([high, high, low, high]);
    const wideLow = { ...low, wide: true };
    expect(matricesOf(choosing.asLoaded(plan, Infinity))).toEqual([high, high, wideLow, high]);
  });

  it('counts wide layouts always where they are insisted on, and says so only where there are any', () => {
    const insisting = plannerOf(tensors, {
      overhead: OVERHEAD_PARTS,
      layouts: layouts(lean, { wide, insisted: true }),
    });
    const plan = insisting.withLowLayers(ORDER, 1);
    expect(plan.memory).toMatchObject({ rearrangedBytes: 100, wide: true });
    expect(insisting.asLoaded(plan, Infinity)).toBe(plan);
    const allHigh = insisting.withLowLayers(ORDER, 0).memory;
    expect(allHigh.rearrangedBytes).toBe(0);
    expect(allHigh.wide).toBeUndefined();
  });

  it('of the source as pages of its file has no layouts, whatever room there is', () => {
    const arranging = plannerOf(tensors, {
      layouts: layouts(() => 10, { wide: () => 10 }),
    });
    const source = arranging.unquantized();
    expect(source.memory.rearrangedBytes).toBe(0);
    expect(arranging.asLoaded(source, Infinity)).toBe(source);
  });

  it('leaves what is no layer on the high rung, and norms as they are', () => {
    const { types } = planner.withLowLayers(ORDER, LAYERS);
    expect(types.get('token_embd.weight')).toBe(Q4_K);
    expect(types.get('blk.0.attn_norm.weight')).toBe(F32);
  });

  it('keeps the type of a tensor that the mixture does not know', () => {
    const plan = plannerOf(tensors, { mixtureOf: () => new Map() }).withLowLayers(ORDER, 1);
    expect(plan.types.get('token_embd.weight')).toBe(F16);
  });

  it.each([-1, 5, 1.5, Number.NaN])('cannot put %d of 4 layers low', (lowLayers) => {
    const error = thrown(() => planner.withLowLayers(ORDER, lowLayers));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.message).toContain('4 layers');
  });
});

describe('a budget', () => {
  const need = (lowLayers: number) => planner.withLowLayers(ORDER, lowLayers).memory.totalBytes;

  it.each([0, 1, 2, 3, 4])(
    'of exactly what %d low layers need gives that many, one byte less one more',
    (lowLayers) => {
      expect(lowLayersIn(planner.smallestThatFits(ORDER, need(lowLayers)))).toBe(lowLayers);
      const tighter = planner.smallestThatFits(ORDER, need(lowLayers) - 1);
      expect(lowLayersIn(tighter)).toBe(lowLayers === LAYERS ? undefined : lowLayers + 1);
    },
  );

  it('with room to spare gives no low layers', () => {
    expect(lowLayersIn(planner.smallestThatFits(ORDER, 1e12))).toBe(0);
  });
});

describe('what does not fit', () => {
  const needed = planner.withLowLayers(ORDER, LAYERS).memory.totalBytes;
  const spare = { bytes: needed - 100, mostBytes: 2 * needed };
  const saving = (label: string, kind: 'smaller-vision' | 'try-plans', saved: number) => ({
    ...{ label, remedies: [{ kind }] },
    overhead: { ...OVERHEAD_PARTS, kvCacheBytes: OVERHEAD_PARTS.kvCacheBytes - saved },
  });

  it('says what is needed, what is missing and what would help, as words and as data', () => {
    const alternatives = [
      saving('the vision file in 8 bits', 'smaller-vision', 101),
      saving('something less', 'try-plans', 99),
    ];
    const error = plannerOf(tensors, { overhead: OVERHEAD_PARTS, alternatives }).refusal(spare);
    expect(error.code).toBe('DOES_NOT_FIT');
    for (const words of ['IQ1_M', formatBytes(needed), '100 B more', formatBytes(spare.bytes)])
      expect(error.message).toContain(words);
    expect(error.advice).toContain(`the vision file in 8 bits (${formatBytes(needed - 101)})`);
    expect(error.advice).not.toContain('something less');
    expect(error.remedies).toEqual([{ kind: 'smaller-vision' }, { kind: 'set-budget', bytes: needed }]);
  });

  describe('says so where other kernels would', () => {
    const own = layouts(lean, { wide, insisted: true });
    const matrices = tensors.filter(
      ({ shape, name }) => shape.length > 1 && layerOf(name) !== undefined,
    ).length;
    const refused = (budgetBytes: number, chosen = own, alternatives: Alternative[] = []) =>
      plannerOf(tensors, {
        overhead: OVERHEAD_PARTS,
        alternatives,
        layouts: chosen,
        otherKernels: otherKernels(chosen, [IQ1_M]),
      }).refusal({ bytes: budgetBytes, mostBytes: 1e12 });
    const [auto, stock] = [needed + 10 * matrices, needed];

    it('that are faster first', () => {
      const error = refused(auto, own, [saving(TOGETHER, 'try-plans', 1e6)]);
      expect(error.advice).toContain(`Snug’s kernels as fast as memory allows (${formatBytes(auto)})`);
      expect(error.advice).toContain(`llama.cpp’s kernels (${formatBytes(stock)})`);
      expect(error.advice).toContain(`${TOGETHER} with the same kernels`);
      expect(error.remedies).toEqual([
        { kind: 'set-kernels', kernels: 'auto' },
        { kind: 'set-budget', bytes: needed + 100 * matrices },
      ]);
    });

    it('and only then', () => {
      expect(refused(auto - 1).remedies[0]).toEqual({ kind: 'set-kernels', kernels: 'stock' });
      expect(refused(stock - 1).advice).not.toContain('kernels');
    });

    it('where Snug’s take more than the file by themselves', () => {
      const usual = { ...own, insisted: false };
      expect(refused(stock, usual).remedies[0]).toEqual({ kind: 'set-kernels', kernels: 'stock' });
      expect(refused(stock, layouts()).remedies).toEqual([{ kind: 'set-budget', bytes: needed }]);
    });
  });

  it('is found out whatever the order of layers, and by one byte', () => {
    expect(thrown(() => planner.insistItFits({ ...spare, bytes: needed - 1 })).code).toBe('DOES_NOT_FIT');
    expect(thrown(() => planner.fitting(ORDER, { ...spare, bytes: needed - 1 })).code).toBe('DOES_NOT_FIT');
    planner.insistItFits({ ...spare, bytes: needed });
    expect(lowLayersIn(planner.fitting(ORDER, { ...spare, bytes: needed }))).toBe(LAYERS);
  });

  it('says which size of model fits where this laptop could not give more', () => {
    const error = planner.refusal({ bytes: needed / 2, mostBytes: needed - 1 });
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

describe('a plan of other types', () => {
  it('gives each layer its own rung, and what is outside them another', () => {
    const rungs = ['Q4_K_M', 'Q2_K', 'IQ1_M', 'Q4_K_M'] as const;
    const plan = planner.planOf(rungs, 'Q2_K');
    const typeOf = (layer: number) => plan.types.get(`blk.${layer}.ffn_up.weight`);
    expect([0, 1, 2, 3].map(typeOf)).toEqual([Q4_K, Q2_K, IQ1_M, Q4_K]);
    expect(plan.types.get('token_embd.weight')).toBe(Q2_K);
    expect(plan.layerRungs).toEqual(rungs);
    expect(planner.uniform('Q2_K').types).toEqual(
      planner.planOf(['Q2_K', 'Q2_K', 'Q2_K', 'Q2_K'], 'Q2_K').types,
    );
  });

  it('gives each tensor its own type', () => {
    const types = new Map([['blk.1.ffn_up.weight', IQ1_M]]);
    const { memory } = planner.withTypes(types);
    const source = planner.unquantized().memory;
    expect(source.weightsBytes - memory.weightsBytes).toBe(256 * 256 * 2 - 256 * 56);
  });

  it('asks for the types of a rung once, and for none that is not used', () => {
    const asked: string[] = [];
    const counting = plannerOf(tensors, {
      mixtureOf: (rung) => {
        asked.push(rung);
        return new Map();
      },
    });
    for (const k of [0, 1, 2]) counting.withLowLayers(ORDER, k);
    expect(asked).toEqual(['Q4_K_M', 'IQ1_M']);
  });
});

describe('a preview', () => {
  it('has a plan for every number of low layers, in the order that is known', () => {
    const plans = planner.preview(ORDER);
    expect(plans.map((plan) => new Set(lowOf(plan)))).toEqual(
      [0, 1, 2, 3, 4].map((k) => new Set(ORDER.slice(0, k))),
    );
  });

  it('without an order takes as much as any layers of that number can', () => {
    const uneven = [...tensors, ggufTensor({ name: 'blk.1.ffn_down.weight', shape: [256, 256] })];
    const plans = plannerOf(uneven).preview(null);
    expect(plans.slice(4).map(lowOf)).toEqual([[0, 1, 2, 3]]);
    for (const plan of plans.slice(0, 4)) expect(lowOf(plan)).not.toContain(1);
  });
});

describe('the matrices that a token is multiplied with', () => {
  const output = ggufTensor({ name: 'output.weight', shape: [256, 16] });
  const { types } = planner.withLowLayers(ORDER, 1);

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

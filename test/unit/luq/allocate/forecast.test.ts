import { describe, expect, it } from 'vitest';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { Forecast } from '../../../../src-main/luq/allocate/forecast.ts';

const LAYERS = 8;
const matrix = (name: string, type = 'F16', columns = 512, rows = 512) => ({
  name,
  type: tensorTypeId(type),
  shape: [columns, rows],
  elements: columns * rows,
});
const matrices = [
  matrix('token_embd.weight', 'F16', 512, 4096),
  ...Array.from({ length: LAYERS }, (_, layer) => [
    matrix(`blk.${layer}.attn_qkv.weight`),
    // rows of this one don't divide by 256
    matrix(`blk.${layer}.ffn_down.weight`, 'F16', 736),
    matrix(`blk.${layer}.ffn_up.weight`, 'BF16'),
  ]).flat(),
];
const source = new Map(matrices.map(({ name, type }) => [name, type]));
const all = (type: string) => new Map(matrices.map(({ name }) => [name, tensorTypeId(type)]));

describe('a forecast', () => {
  it('is nothing for the source, and more for fewer bits', () => {
    const forecast = new Forecast({ matrices, layers: LAYERS });
    expect(forecast.divergenceOf(source)).toBe(0);
    const said = ['Q8_0', 'Q4_K', 'Q2_K', 'IQ1_S'].map((type) => forecast.divergenceOf(all(type)));
    expect(said).toEqual(said.toSorted((a, b) => a - b));
    // norms and the like are in plans of whole models, too
    const others = new Map([...all('Q4_K'), ['output_norm.weight', 0]]);
    expect(forecast.divergenceOf(others)).toBe(said[1]);
  });

  it('gives the source itself to a budget above it, and nothing to one below the smallest plan', () => {
    const forecast = new Forecast({ matrices, layers: LAYERS });
    const whole = forecast.nearest({ budgetBytes: 1e12 });
    expect(whole).toMatchObject({ cost: 0, divergence: 0, types: source });
    expect(forecast.nearest({ budgetBytes: forecast.leastBytes - 1 })).toBeUndefined();
    const frontier = forecast.frontier();
    expect(frontier.at(-1)?.types).toEqual(source);
    const divergences = frontier.map(({ divergence }) => divergence);
    expect(divergences).toEqual(divergences.toSorted((a, b) => b - a));
  });

  it('gives rows that do not divide by 256 what llama.cpp stores them in, and counts its bytes', () => {
    const plan = new Forecast({ matrices, layers: LAYERS }).nearest({ budgetBytes: 3e6 });
    const bytes = matrices.map(({ name, elements }) => {
      const type = plan?.types.get(name);
      if (name.includes('ffn_down'))
        expect(['IQ4_NL', 'Q4_0', 'Q5_0', 'Q5_1', 'Q8_0'].map(tensorTypeId)).toContain(type);
      return { type, elements };
    });
    expect(bytes).toHaveLength(source.size);
    expect(plan?.bytes).toBeLessThanOrEqual(3e6);
  });

  it('comes nearer to what is measured with each trial', () => {
    const before = new Forecast({ matrices, layers: LAYERS });
    const plan = before.nearest({ budgetBytes: 3e6 });
    if (!plan) throw new Error('nothing fits');
    const trials = before
      .propose(plan, 6)
      .map(({ types }) => ({ types, nats: 3 * before.divergenceOf(types) }));
    const off = [0, 2, 6].map((count) => {
      const said = before.withTrials(trials.slice(0, count)).divergenceOf(plan.types);
      return Math.abs(Math.log(said / (3 * plan.divergence)));
    });
    expect(off[1]).toBeLessThan((off[0] ?? 0) / 2);
    expect(off[2]).toBeLessThan(0.1);
    expect(before.withTrials([{ types: plan.types, nats: Number.NaN }]).ignoredTrials).toBe(1);
  });

  it('asks for the speed and the memory that each choice really takes', () => {
    const forecast = new Forecast({
      matrices,
      layers: LAYERS,
      seconds: ({ elements }, type) => elements * (type === tensorTypeId('Q2_K') ? 1 : 2) * 1e-9,
      bytes: ({ elements }, type) => (type === tensorTypeId('IQ1_S') ? undefined : elements),
    });
    const elements = matrices.reduce((sum, one) => sum + one.elements, 0);
    const embeddings = 512 * 4096;
    expect(forecast.leastSeconds).toBeLessThan(elements * 2e-9);
    // those of IQ1_S count as they are in the file
    expect(forecast.leastBytes).toBeLessThan(elements - embeddings / 2);
  });
});

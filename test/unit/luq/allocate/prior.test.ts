import { describe, expect, it } from 'vitest';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { LADDER } from '../../../../src-main/luq/allocate/ladder.ts';
import { localCosts } from '../../../../src-main/luq/allocate/local-errors.ts';
import { priorCosts, priorSensitivities } from '../../../../src-main/luq/allocate/prior.ts';
import { classifyAll, TENSOR_CLASSES } from '../../../../src-main/luq/allocate/tensor-class.ts';

const named = (layers: number, kinds: readonly string[] = TENSOR_CLASSES) =>
  Array.from({ length: layers }, (_, layer) => kinds.map((kind) => `blk.${layer}.${kind}.weight`)).flat();
const sensitivitiesOf = (names: readonly string[], layers: number) =>
  priorSensitivities(classifyAll(names), layers);
const total = (nats: ReadonlyMap<string, number>) =>
  [...nats.values()].reduce((sum, value) => sum + value, 0);

describe('the prior', () => {
  it.each([1, 2, 24, 80])('knows every matrix of %i layers, and no more of many than of few', (layers) => {
    const nats = sensitivitiesOf(named(layers), layers);
    for (const value of nats.values()) expect(value).toBeGreaterThan(0);
    expect(total(nats)).toBeGreaterThan(0.2);
    expect(total(nats)).toBeLessThan(2);
  });

  it('holds first and last layers dear', () => {
    const nats = sensitivitiesOf(named(36), 36);
    const at = (layer: number) => nats.get(`blk.${layer}.ffn_down.weight`) ?? 0;
    expect(at(0)).toBeGreaterThan(1.5 * at(3));
    expect(at(35)).toBeGreaterThan(1.5 * at(20));
  });

  it('takes joined matrices for what they are made of, and experts for one matrix', () => {
    const nats = sensitivitiesOf([...named(4), ...named(4, ['attn_qkv', 'ffn_up_exps', 'something_new'])], 4);
    const at = (kind: string) => nats.get(`blk.2.${kind}.weight`) ?? Number.NaN;
    expect(at('attn_qkv')).toBeCloseTo(at('attn_q') + at('attn_k') + at('attn_v'), 9);
    expect(at('ffn_up_exps')).toBe(at('ffn_up'));
    expect(at('something_new')).toBeGreaterThan(0);
    const shared = sensitivitiesOf(named(4, ['ffn_up_exps', 'ffn_up_shexp']), 4);
    expect(shared.get('blk.2.ffn_up_shexp.weight')).toBeCloseTo(at('ffn_up') / 2, 9);
    expect(shared.get('blk.2.ffn_up_exps.weight')).toBeCloseTo(at('ffn_up') / 2, 9);
  });

  it('takes tied embeddings for the output matrix that they are', () => {
    const tied = sensitivitiesOf(['token_embd.weight'], 4).get('token_embd.weight') ?? 0;
    const untied = sensitivitiesOf(['token_embd.weight', 'output.weight'], 4);
    expect(untied.get('token_embd.weight')).toBeLessThan(0.2 * tied);
    expect(untied.get('output.weight')).toBeGreaterThan(0.5 * tied);
  });

  it('has a figure for every type of the ladder and every fallback, none for floats, and none for what it does not know', () => {
    const costs = priorCosts(new Map([['output.weight', 1]]));
    const nats = (type: string) => costs('output.weight', tensorTypeId(type));
    for (const type of [...LADDER.slice(0, -1), 'Q4_0', 'Q5_0', 'Q5_1'])
      expect(nats(type)).toBeGreaterThan(0);
    expect(['F16', 'BF16', 'F32'].map(nats)).toEqual([0, 0, 0]);
    expect(nats('IQ2_S')).toBeLessThan(nats('Q2_K'));
    expect(nats('TQ1_0')).toBeNaN();
  });
});

describe('local errors', () => {
  const names = named(4);
  const tensors = classifyAll(names);
  const prior = sensitivitiesOf(names, 4);
  const [Q2_K, Q4_K, F16] = ['Q2_K', 'Q4_K', 'F16'].map(tensorTypeId) as [number, number, number];
  const usual = priorCosts(prior);
  const errorsOf = (of: (name: string) => ReadonlyMap<number, number>) =>
    new Map(names.map((name) => [name, of(name)]));

  it('that all are alike leave what the prior says, whatever their size', () => {
    const costs = localCosts(
      tensors,
      prior,
      errorsOf(() => new Map([[Q2_K, 0.08]])),
    );
    for (const name of names) {
      for (const type of [Q2_K, Q4_K, F16]) expect(costs(name, type)).toBeCloseTo(usual(name, type), 12);
    }
  });

  it('make a tensor dearer that errs more than its class, also in a type that was not measured', () => {
    const bad = 'blk.1.ffn_up.weight';
    const costs = localCosts(
      tensors,
      prior,
      errorsOf((name) => new Map([[Q2_K, name === bad ? 0.32 : 0.02]])),
    );
    const ratio = (name: string, type: number) => costs(name, type) / usual(name, type);
    expect(ratio(bad, Q2_K) / ratio('blk.2.ffn_up.weight', Q2_K)).toBeCloseTo(16, 9);
    expect(ratio(bad, Q4_K) / ratio('blk.2.ffn_up.weight', Q4_K)).toBeCloseTo(16, 9);
    expect(ratio('blk.1.ffn_down.weight', Q4_K)).toBeCloseTo(1, 9);
  });

  it('measured in every type put the types in the order in which they err here', () => {
    const [IQ2_S, Q8_0] = [tensorTypeId('IQ2_S'), tensorTypeId('Q8_0')];
    const errors = new Map([
      [IQ2_S, 0.2],
      [Q2_K, 0.1],
      [Q4_K, 0.005],
      [Q8_0, 0.00004],
    ]);
    const costs = localCosts(
      tensors,
      prior,
      errorsOf(() => errors),
    );
    const name = 'blk.2.attn_v.weight';
    expect(costs(name, IQ2_S) / costs(name, Q2_K)).toBeCloseTo(2, 9);
    expect(costs(name, Q8_0) / costs(name, Q2_K)).toBeCloseTo(0.0004, 9);
    expect(Math.abs(Math.log(costs(name, Q2_K) / usual(name, Q2_K)))).toBeLessThan(1);
  });

  it('that are no errors are not heeded', () => {
    const costs = localCosts(
      tensors,
      prior,
      errorsOf(
        () =>
          new Map([
            [Q2_K, Number.NaN],
            [Q4_K, -1],
          ]),
      ),
    );
    for (const name of names) expect(costs(name, Q4_K)).toBeCloseTo(usual(name, Q4_K), 12);
    const none = localCosts(tensors, prior, new Map());
    for (const name of names) expect(none(name, Q2_K)).toBeCloseTo(usual(name, Q2_K), 12);
  });
});

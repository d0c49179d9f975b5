import { describe, expect, it } from 'vitest';
import { KnownTensors } from '../../../src-main/fit/known-tensors.ts';
import { choosableTensors, priorKnowledge } from '../../../src-main/fit/tensor-plans.ts';
import { tensorTypes } from '../../../src-main/gguf/tensor-types.ts';
import { plannerOf } from '../../helpers/planners.ts';
import { ggufTensor, layerTensors } from '../../helpers/small-models.ts';

const LAYERS = 8;
const matrices = (layer: number) =>
  ['attn_v', 'ffn_down'].map((name) => ({
    ...{ name: `blk.${layer}.${name}.weight`, shape: [512, 512], type: 'F16' },
  }));
const tensors = [
  ...layerTensors(LAYERS, 512),
  ...Array.from({ length: LAYERS }, (_, layer) => matrices(layer)).flat(),
].map(ggufTensor);
const planner = plannerOf(tensors);
const measuring = {
  planner,
  source: { text: { gguf: { tensors } } },
  calibrated: { imatrix: { entries: new Map(tensors.map(({ name }) => [name, undefined])) } },
} as unknown as ConstructorParameters<typeof KnownTensors>[0];
const speeds = tensorTypes().map(({ id }) => ({ type: id, columns: 512, rows: 512, bytesPerSecond: 1e9 }));
const known = () => new KnownTensors(measuring, priorKnowledge(measuring), speeds);
const budget = 0.25 * planner.unquantized().memory.totalBytes;
const two = planner.uniform('Q2_K');

describe('what is known of tensors', () => {
  it('is the prior before anything was measured, and follows what was', () => {
    const before = known().plans().foresee(two).nats;
    const learnt = known();
    learnt.learn(two.types, 5 * before);
    const after = learnt.plans().foresee(two).nats;
    expect(after).toBeGreaterThan(3 * before);
    expect(after).toBeLessThan(6 * before);
  });

  it('leaves what models usually lose as it was', () => {
    const learnt = known();
    learnt.learn(two.types, 5 * learnt.plans().foresee(two).nats);
    expect(learnt.usualPlans().foresee(two).nats).toBeCloseTo(known().plans().foresee(two).nats, 9);
  });

  it('is not shaken by what is as the source, or beyond measure', () => {
    const learnt = known();
    learnt.learn(planner.unquantized().types, 0);
    learnt.learn(two.types, Infinity);
    expect(learnt.plans().foresee(two).nats).toBeCloseTo(known().plans().foresee(two).nats, 9);
  });

  it('gives bits to what trials found to be precious', () => {
    const downLow = new Map(
      tensors.map(({ name, type }) => [
        name,
        name.includes('ffn_down') ? (two.types.get(name) ?? type) : type,
      ]),
    );
    const learnt = known();
    learnt.learn(downLow, 20 * learnt.plans().foresee(planner.withTypes(downLow)).nats);
    const bytesOf = (one: KnownTensors) => {
      const types = one.plans().within(budget)?.plan.types ?? new Map<string, number>();
      return tensors
        .filter(({ name }) => name.includes('ffn_down'))
        .reduce((sum, tensor) => sum + planner.loadedBytes(tensor, types.get(tensor.name) ?? tensor.type), 0);
    };
    expect(bytesOf(learnt)).toBeGreaterThan(bytesOf(known()));
  });

  it('proposes a model to measure that is not the plan itself, of types that there are', () => {
    const learnt = known();
    const plan = learnt.plans().within(budget)?.plan.types ?? new Map<string, number>();
    learnt.learn(plan, 0.5);
    const proposed = learnt.proposal(plan);
    expect(proposed).toBeDefined();
    expect([...(proposed ?? [])].sort()).not.toEqual([...plan].sort());
    const names = new Set(choosableTensors(measuring).map(({ name }) => name));
    for (const name of proposed?.keys() ?? []) expect(names).toContain(name);
    expect(() => planner.withTypes(proposed ?? new Map())).not.toThrow();
  });
});

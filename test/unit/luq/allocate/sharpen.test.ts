import { describe, expect, it } from 'vitest';
import { tensorTypeId } from '../../../../src-main/gguf/tensor-types.ts';
import { additiveDivergence, wholeDivergence } from '../../../../src-main/luq/allocate/additivity.ts';
import { Allocator } from '../../../../src-main/luq/allocate/allocator.ts';
import { itemsOf } from '../../../../src-main/luq/allocate/items.ts';
import { LADDER } from '../../../../src-main/luq/allocate/ladder.ts';
import { priorCosts, priorSensitivities, type CostOf } from '../../../../src-main/luq/allocate/prior.ts';
import { proposeTrials } from '../../../../src-main/luq/allocate/propose-trials.ts';
import { sharpen, type Trial } from '../../../../src-main/luq/allocate/sharpen.ts';
import { classifyAll } from '../../../../src-main/luq/allocate/tensor-class.ts';
import { TrialModel } from '../../../../src-main/luq/allocate/trial-model.ts';
import { seededRandom } from '../../../../src-main/luq/random.ts';
import { layerMatrices } from '../../../helpers/transformer-tensors.ts';

const LAYERS = 24;
const matrices = layerMatrices(LAYERS);
const tensors = classifyAll(matrices.map(({ name }) => name));
const types = LADDER.map(tensorTypeId);
const prior = priorCosts(priorSensitivities(tensors, LAYERS));

/** A model of which the prior is wrong: values cost 6 times as much, ways up half, late layers 4 times; all of it a third. */
const truth: CostOf = (name, type) => {
  const tensor = tensors.find((one) => one.name === name);
  const ofClass = tensor?.class === 'attn_v' ? 6 : tensor?.class === 'ffn_up' ? 0.5 : 1;
  return (prior(name, type) * ofClass * ((tensor?.layer ?? 0) >= 18 ? 4 : 1)) / 3;
};
const sum = (costs: CostOf, plan: ReadonlyMap<string, number>) =>
  [...plan].reduce((total, [name, type]) => total + costs(name, type), 0);

const elements = matrices.reduce((total, matrix) => total + matrix.elements, 0);
function planned(costs: CostOf, bits = 3): ReadonlyMap<string, number> {
  const plan = new Allocator(itemsOf(matrices, { costs })).allocate({ budgetBytes: (elements * bits) / 8 });
  if (!plan) throw new Error('nothing fits');
  return plan.types;
}
const items = itemsOf(matrices, { costs: prior });
const model = new TrialModel(tensors, { layers: LAYERS, types, costs: prior });

/** A few trials at a time, each round chosen by what those before it said; measured with 2 % of noise. */
function trialsOn(count: number): Trial[] {
  const random = seededRandom(8);
  const trials: Trial[] = [];
  while (trials.length < count) {
    const { costs, posterior } = sharpen(model, trials);
    const plan = planned(costs);
    for (const proposed of proposeTrials(model, { tensors, items, plan, posterior, count: 5 })) {
      const nats = wholeDivergence(sum(truth, proposed.types)) * (1 + 0.04 * (random() - 0.5));
      trials.push({ types: proposed.types, nats });
    }
  }
  return trials;
}
const excessOf = (trials: readonly Trial[]) =>
  sum(truth, planned(sharpen(model, trials).costs)) / sum(truth, planned(truth));

describe('trials', () => {
  it('make a prior better that is wrong: 10 take most of what it loses, 40 nearly all', () => {
    const trials = trialsOn(40);
    const [before, few, many] = [0, 10, 40].map((count) => excessOf(trials.slice(0, count)));
    expect(before).toBeGreaterThan(1.15);
    expect((few ?? 9) - 1).toBeLessThan(((before ?? 0) - 1) / 2);
    expect(many).toBeLessThan(1.02);
  });

  it('tell what a whole model will be that was not tried', () => {
    const known = sharpen(model, trialsOn(20));
    for (const bits of [2.2, 3.5, 4.5]) {
      const plan = planned(prior, bits);
      const said = known.whole(sum(known.costs, plan));
      const is = wholeDivergence(sum(truth, plan));
      expect(Math.abs(Math.log(said / is))).toBeLessThan(0.25);
      expect(Math.abs(Math.log(wholeDivergence(sum(prior, plan)) / is))).toBeGreaterThan(0.25);
    }
  });

  it('change nothing where there is none, or none that says anything', () => {
    const plan = planned(prior);
    const source = new Map([...plan.keys()].map((name) => [name, tensorTypeId('F16')]));
    const mute = [
      { types: plan, nats: Number.NaN },
      { types: plan, nats: -0.1 },
      { types: plan, nats: 0 },
      { types: source, nats: 0.001 },
      { types: new Map<string, number>(), nats: 0.3 },
    ];
    const known = sharpen(model, mute);
    expect(known.ignored).toBe(5);
    for (const [name, type] of plan) expect(known.costs(name, type)).toBeCloseTo(prior(name, type), 12);
  });

  it('that went wrong leave costs numbers above zero, and the plan near what it was', () => {
    const trials = trialsOn(20);
    const wrong = [
      ...trials,
      { types: planned(prior), nats: 1e9 },
      { types: planned(prior, 4), nats: 1e-12, standardError: Number.NaN },
    ];
    const { costs } = sharpen(model, wrong);
    for (const { name } of tensors) {
      for (const type of types.slice(0, -1)) {
        expect(costs(name, type)).toBeGreaterThan(0);
        expect(costs(name, type)).toBeLessThan(1e3);
      }
    }
    expect(excessOf(wrong)).toBeLessThan(excessOf([]));
  });

  it('are proposed alike every time, each only once, and differ from the plan by what they say', () => {
    const { posterior } = sharpen(model, []);
    const plan = planned(prior);
    const propose = () => proposeTrials(model, { tensors, items, plan, posterior, count: 40 });
    const proposed = propose();
    expect(proposed).toEqual(propose());
    expect(proposed).toHaveLength(40);
    expect(new Set(proposed.map((trial) => JSON.stringify([...trial.types]))).size).toBe(40);
    for (const { types: tried, steps, layers, class: kind } of proposed) {
      const changed = tensors.filter(({ name }) => tried.get(name) !== plan.get(name));
      if (steps === 0) expect(changed).toEqual([]);
      else expect(changed.length).toBeGreaterThan(0);
      for (const tensor of changed) {
        if (kind !== undefined) expect(tensor.class).toBe(kind);
        if (layers)
          expect(tensor.layer).toSatisfy((layer: number) => layer >= layers[0] && layer <= layers[1]);
      }
    }
  });
});

describe('parts and the whole', () => {
  it('are each the inverse of the other', () => {
    for (const nats of [0, 1e-6, 0.01, 0.5, 1, 4.7, 15, 100]) {
      expect(wholeDivergence(additiveDivergence(nats))).toBeCloseTo(nats, 9);
    }
    expect(additiveDivergence(-1)).toBe(0);
  });
});

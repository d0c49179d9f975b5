import { describe, expect, it } from 'vitest';
import { kernelSeconds } from '../../../src-main/profile/kernel-seconds.ts';
import {
  kernelsToTime,
  priorKnowledge,
  TensorPlans,
  usuallyHasImportance,
} from '../../../src-main/fit/tensor-plans.ts';
import { tensorTypeId, tensorTypes } from '../../../src-main/gguf/tensor-types.ts';
import { LADDER, needsImportance } from '../../../src-main/luq/allocate/ladder.ts';
import { bytesAs } from '../../../src-main/luq/plan/mixture.ts';
import { layerOf } from '../../../src-main/models/model-file.ts';
import { layouts, plannerOf } from '../../helpers/planners.ts';
import { ggufTensor, layerTensors } from '../../helpers/small-models.ts';

const LAYERS = 4;
const outsideLayers = [
  { name: 'token_embd.weight', shape: [512, 64], type: 'F16' },
  { name: 'output.weight', shape: [512, 64], type: 'F16' },
];
const tensors = [...outsideLayers, ...layerTensors(LAYERS, 512)].map(ggufTensor);
const planner = plannerOf(tensors);
const context = { planner, source: { text: { gguf: { tensors } } } } as unknown as ConstructorParameters<
  typeof TensorPlans
>[0];
const costs = priorKnowledge(context);
const speedsOf = (slow: readonly string[]) =>
  tensorTypes().map(({ id, name }) => ({
    ...{ type: id, columns: 512, rows: 512 },
    bytesPerSecond: slow.includes(name) ? 1e6 : 1e9,
  }));
const plansWith = (speeds: ReturnType<typeof speedsOf> = [], changed = planner) =>
  new TensorPlans({ ...context, planner: changed }, { costs, hasImportance: usuallyHasImportance, speeds });
const source = planner.unquantized().memory.totalBytes;

describe('plans of a type for every tensor', () => {
  it('fit their budget, and come nearer the more there is', () => {
    const plans = plansWith();
    const found = [0.15, 0.25, 0.35, 0.5].map((share) => plans.within(share * source));
    for (const [i, share] of [0.15, 0.25, 0.35, 0.5].entries())
      expect(found[i]?.plan.memory.totalBytes).toBeLessThanOrEqual(share * source);
    const nats = found.map((one) => one?.nats ?? Infinity);
    expect(nats).toEqual(nats.toSorted((a, b) => b - a));
    expect(nats.at(-1)).toBeLessThan(0.01);
    expect(plans.within(plans.smallest.memory.totalBytes - 1)).toBeUndefined();
    expect(plans.within(plans.smallest.memory.totalBytes)?.plan.memory.totalBytes).toBe(
      plans.smallest.memory.totalBytes,
    );
  });

  it('count what llama.cpp arranges in memory beside the file', () => {
    const doubled = plannerOf(tensors, { layouts: layouts(bytesAs) });
    const budget = 0.5 * source;
    const plan = plansWith([], doubled).within(budget)?.plan;
    expect(plan?.memory.totalBytes).toBeLessThanOrEqual(budget);
    expect(plan?.memory.rearrangedBytes).toBeGreaterThan(0.15 * source);
    expect(plan?.memory.weightsBytes).toBeLessThan(0.26 * source);
  });

  it('give what has no importance matrix only types that need none', () => {
    const { plan } = plansWith().within(plansWith().smallest.memory.totalBytes) ?? {};
    const outside = tensors.filter(({ name, shape }) => layerOf(name) === undefined && shape.length > 1);
    expect(outside.length).toBeGreaterThan(0);
    for (const { name, type } of outside) expect(needsImportance(plan?.types.get(name) ?? type)).toBe(false);
  });

  it('reach a speed that is asked for, and leave slow types out where others are as near', () => {
    const slow = ['IQ2_S', 'IQ3_S', 'IQ3_XXS', 'IQ2_XS', 'IQ2_XXS', 'IQ1_S', 'IQ1_M', 'IQ4_XS', 'IQ4_NL'];
    const plans = plansWith(speedsOf(slow));
    const nearest = plans.within(0.2 * source);
    const wanted = 2 * (nearest?.tokensPerSecond ?? NaN);
    const fast = plans.within(0.2 * source, wanted);
    expect(fast?.tokensPerSecond).toBeGreaterThanOrEqual(wanted * 0.999);
    expect(fast?.nats).toBeGreaterThan(nearest?.nats ?? NaN);
    expect(plans.within(0.2 * source, 1e12)).toBeUndefined();
    expect(plans.frontier(1e12)).toEqual([]);
    expect(plansWith().within(0.2 * source)?.tokensPerSecond).toBeNull();
  });

  it('form a frontier of which each is larger and nearer than the one before', () => {
    const frontier = plansWith().frontier();
    expect(frontier.length).toBeGreaterThan(20);
    for (const [i, { plan, nats }] of frontier.entries()) {
      const before = frontier[i - 1];
      if (!before) continue;
      expect(plan.memory.totalBytes).toBeGreaterThan(before.plan.memory.totalBytes);
      expect(nats).toBeLessThan(before.nats);
    }
    // to the source itself, where nothing is lost
    expect(frontier.at(-1)).toMatchObject({ nats: 0 });
  });

  it('foresee plans of other kinds by the same measure', () => {
    const plans = plansWith();
    expect(plans.foresee(planner.unquantized()).nats).toBe(0);
    const [four, two] = [plans.foresee(planner.uniform('Q4_K_M')), plans.foresee(planner.uniform('Q2_K'))];
    expect(two.nats).toBeGreaterThan(4 * four.nats);
    const asSmall = plans.within(two.plan.memory.totalBytes);
    expect(asSmall?.nats).toBeLessThanOrEqual(two.nats);
  });
});

it('of a type with two layouts both are timed, and each plan is as fast as the one it is loaded in', () => {
  const IQ1_M = tensorTypeId('IQ1_M');
  const planner = plannerOf(tensors, {
    layouts: layouts(() => 0, { wide: (_, type) => (type === IQ1_M ? 1000 : 0) }),
  });
  const timed = kernelsToTime({ ...context, planner }, costs);
  expect(timed.filter(({ wide }) => wide)).toEqual([{ type: IQ1_M, columns: 512, rows: 512, wide: true }]);
  expect(timed.filter(({ type }) => type === IQ1_M)).toHaveLength(2);
  const speeds = timed.map((matrix) => ({ ...matrix, bytesPerSecond: matrix.wide ? 2e9 : 1e9 }));
  const plans = plansWith(speeds, planner);
  const plan = planner.uniform('IQ1_M');
  const lean = plans.speedOf(plan) ?? NaN;
  expect(plans.foresee(plan).tokensPerSecond).toBe(lean);
  expect(plans.speedOf(planner.asLoaded(plan, Infinity))).toBeCloseTo(2 * lean, 5);
  const untimed = plansWith(
    speeds.filter(({ wide }) => !wide),
    planner,
  );
  expect(untimed.speedOf(planner.asLoaded(plan, Infinity))).toBeNull();
});

it('of each type the largest matrix is timed, and others are reckoned by the nearest', () => {
  const timed = kernelsToTime(context, costs);
  const types = timed.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  expect(types).toEqual(expect.arrayContaining(LADDER.map(tensorTypeId)));
  expect(timed.every(({ columns, rows }) => columns === 512 && rows === 512)).toBe(true);
  const speeds = [
    { type: 12, columns: 256, rows: 256, bytesPerSecond: 1e6 },
    { type: 12, columns: 4096, rows: 4096, bytesPerSecond: 2e6 },
  ];
  const secondsOf = kernelSeconds(speeds);
  const bytes = (weights: number) => (weights * 4.5) / 8;
  expect(secondsOf({ type: 12, columns: 256, rows: 256 })).toBeCloseTo(bytes(256 * 256) / 1e6, 10);
  expect(secondsOf({ type: 12, columns: 4096, rows: 2048 })).toBeCloseTo(bytes(4096 * 2048) / 2e6, 10);
  expect(secondsOf({ type: 10, columns: 256, rows: 256 })).toBeUndefined();
});

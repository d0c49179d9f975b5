import { describe, expect, it } from 'vitest';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { loadedPlan } from '../../../src-main/fit/loaded-plan.ts';
import { planOutcome } from '../../../src-main/fit/plan-outcome.ts';
import type { Timing } from '../../../src-main/fit/predicted-speed.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import type { Plan } from '../../../src-main/luq/plan/plan.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { layouts, plannerOf } from '../../helpers/planners.ts';
import { ggufTensor, layerTensors } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const IQ1_M = tensorTypeId('IQ1_M');
const tensors = layerTensors(2, 512).map(ggufTensor);
const wide = (_: unknown, type: number) => (type === IQ1_M ? 1000 : 0);
const planner = plannerOf(tensors, { layouts: layouts(() => 0, { wide }) });
const low = planner.uniform('IQ1_M');
const roomy = planner.asLoaded(low, Infinity);

/** A machine whose products in wide layouts are so many times as fast, with so much memory for a model; every product is noted. */
function fitting(gain: number, bytes: number) {
  const timed: boolean[] = [];
  const addon = {
    AbortFlag: class {},
    probeProduct: (task: Parameters<Addon['probeProduct']>[0]) => {
      timed.push(task.wide ?? false);
      return Promise.resolve(task.wide ? gain * 1e9 : 1e9);
    },
  } as unknown as Addon;
  const request = { home: temporaryFolder(), threads: 1, budget: { bytes } };
  const context = { addon, planner, request, laptop: ordinaryLaptop() } as unknown as Timing & {
    planner: typeof planner;
  };
  return { timed, loaded: (plan: Plan) => loadedPlan(context, plan) };
}

describe('a plan is loaded', () => {
  it('in wide layouts where there is room for them and this machine is faster so', async () => {
    const { timed, loaded } = fitting(2, roomy.memory.totalBytes);
    const { plan, tokensPerSecond } = await loaded(low);
    expect(plan.memory).toEqual(roomy.memory);
    const lean = await fitting(2, roomy.memory.totalBytes - 1).loaded(low);
    expect(lean.plan).toBe(low);
    expect(tokensPerSecond).toBeCloseTo(2 * lean.tokensPerSecond, 5);
    const once = timed.length;
    await loaded(low);
    expect(timed).toHaveLength(once);
  });

  it('in lean ones where wide ones are no faster, and its wide ones are not offered', async () => {
    for (const gain of [1, 0.8]) expect((await fitting(gain, Infinity).loaded(low)).plan).toBe(low);
    const speedOf = (slower: number | null) => (plan: Plan) => (plan.memory.wide ? slower : 10);
    expect(planOutcome(planner, low, speedOf(9)).wide).toBeNull();
    expect(planOutcome(planner, low, speedOf(11)).wide).toEqual({
      memory: roomy.memory,
      tokensPerSecond: 11,
    });
    // to be timed
    expect(planOutcome(planner, low, speedOf(null)).wide).toEqual({
      memory: roomy.memory,
      tokensPerSecond: null,
    });
  });

  it('with nothing of wide layouts timed where it has none', async () => {
    const { timed, loaded } = fitting(2, Infinity);
    const high = planner.uniform('Q4_K_M');
    expect((await loaded(high)).plan).toBe(high);
    expect(timed.some(Boolean)).toBe(false);
  });
});

import { expect, it } from 'vitest';
import type { PlanKind } from '../../../src-main/contract/fit-request.ts';
import { loadedWithin } from '../../../src-main/contract/loaded-within.ts';
import { RUNGS } from '../../../src-main/contract/rungs.ts';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { loadedPlan } from '../../../src-main/fit/loaded-plan.ts';
import { frontierOf } from '../../../src-main/fit/preview-frontier.ts';
import type { ReadContext } from '../../../src-main/fit/context.ts';
import { priorKnowledge, TensorPlans, usuallyHasImportance } from '../../../src-main/fit/tensor-plans.ts';
import { tensorTypeName } from '../../../src-main/gguf/tensor-types.ts';
import { ordinaryLaptop } from '../../helpers/laptops.ts';
import { layouts, plannerOf } from '../../helpers/planners.ts';
import { ggufTensor, layerTensors } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const outsideLayers = [
  { name: 'token_embd.weight', shape: [512, 64], type: 'F16' },
  { name: 'output.weight', shape: [512, 64], type: 'F16' },
];
const tensors = [...outsideLayers, ...layerTensors(4, 512)].map(ggufTensor);
const planner = plannerOf(tensors, {
  layouts: layouts(() => 0, { wide: (_, type) => (tensorTypeName(type).startsWith('IQ') ? 1000 : 0) }),
});

/** A machine on which products of fewer rows are slower, and those in wide layouts faster. */
function machine(kind: PlanKind) {
  const addon = {
    AbortFlag: class {},
    probeProduct: ({ type, rows, wide }: Parameters<Addon['probeProduct']>[0]) =>
      Promise.resolve((wide ? 2e7 : 1e7) * Math.sqrt(rows) * (1 + type / 100)),
  } as unknown as Addon;
  const request = { home: temporaryFolder(), threads: 1, plan: { kind } };
  const source = { text: { gguf: { tensors }, layers: 4, parameters: 1e6 } };
  return { addon, planner, request, source, laptop: ordinaryLaptop() } as unknown as ReadContext;
}

/** What a fit says of the same plans once it has chosen them. */
function reported(context: ReadContext, kind: PlanKind, bytes: number) {
  const knowledge = { costs: priorKnowledge(context), hasImportance: usuallyHasImportance, speeds: [] };
  const plan =
    kind === 'best'
      ? new TensorPlans(context, knowledge).within(bytes)?.plan
      : RUNGS.map((rung) => planner.uniform(rung)).find(({ memory }) => memory.totalBytes === bytes);
  if (!plan) return expect.fail('there is such a plan');
  const withBudget = (budget: number) => ({
    ...context,
    request: { ...context.request, budget: { bytes: budget } },
  });
  return (budget: number) => loadedPlan(withBudget(budget) as unknown as ReadContext, plan);
}

it.each<PlanKind>(['best', 'uniform'])(
  'every place of the slider of %s plans is as fast as the fit will say, in either layout',
  async (kind) => {
    const context = machine(kind);
    const places = (await frontierOf(context, true)) ?? [];
    expect(places.length).toBeGreaterThan(2);
    expect(places.some(({ wide }) => wide !== null)).toBe(true);
    for (const place of places) {
      const { totalBytes } = place.memory;
      const report = reported(context, kind, totalBytes);
      for (const budget of [totalBytes, totalBytes + 1e6]) {
        const { plan, tokensPerSecond } = await report(budget);
        const seen = loadedWithin(place, budget);
        expect(seen.memory).toEqual(plan.memory);
        expect(seen.tokensPerSecond).toBeCloseTo(tokensPerSecond, 6);
      }
    }
  },
);

import type { PlanFamily } from '../contract/fit-report.ts';
import type { Ordering } from '../contract/fit-request.ts';
import type { Rung } from '../contract/rungs.ts';
import { layerFileTypes, nearestFileType } from '../luq/plan/file-type.ts';
import { lowLayerCount, type LayerPlan, type Plan } from '../luq/plan/plan.ts';
import { fileTypeId } from '../luq/plan/rungs.ts';
import type { ReadContext } from './context.ts';

/** A plan that a fit may write, and what reports and files call it. */
export interface FitPlan {
  readonly plan: Plan;
  readonly family: PlanFamily;
  /** the order in which layers go low, a file type, tensors, or source */
  readonly name: string;
  /** layers, the one that LUQ takes low first in front */
  readonly order: readonly number[];
  /** k; null where the plan is not of two rungs */
  readonly lowLayers: number | null;
  /** per layer its file type; of a plan without rungs the one that llama.cpp would call it by */
  readonly layerTypes: readonly string[];
  /** of the file (llama.h, llama_ftype) */
  readonly fileType: number;
}

/** The first layers of an order low. */
export function luqPlan(plan: LayerPlan, order: readonly number[], ordering: Ordering): FitPlan {
  const [first] = plan.layerRungs;
  const isUniform = plan.layerRungs.every((rung) => rung === first);
  return {
    plan,
    family: 'luq',
    name: ordering,
    order,
    lowLayers: lowLayerCount(plan),
    layerTypes: plan.layerRungs,
    fileType: fileTypeId(isUniform && first ? first : plan.rungs.high),
  };
}

/** Every tensor as llama.cpp gives it in one file type. */
export function uniformPlan(
  { planner }: Pick<ReadContext, 'planner'>,
  rung: Rung,
  order: readonly number[],
): FitPlan {
  const plan = planner.uniform(rung);
  return {
    plan,
    family: 'uniform',
    name: rung,
    order,
    lowLayers: null,
    layerTypes: plan.layerRungs,
    fileType: fileTypeId(rung),
  };
}

/** Every tensor in a type of its own. */
export function tensorPlan(
  context: Pick<ReadContext, 'source'>,
  plan: Plan,
  order: readonly number[],
): FitPlan {
  return { ...unnamed(context, plan, order), family: 'tensors', name: 'tensors' };
}

/** The source as it is. */
export function sourcePlan(
  context: Pick<ReadContext, 'source' | 'planner'>,
  order: readonly number[],
): FitPlan {
  return { ...unnamed(context, context.planner.unquantized(), order), family: 'source', name: 'source' };
}

function unnamed({ source }: Pick<ReadContext, 'source'>, plan: Plan, order: readonly number[]) {
  const { gguf, layers } = source.text;
  return {
    plan,
    order,
    lowLayers: null,
    layerTypes: layerFileTypes(gguf.tensors, plan.types, layers),
    fileType: nearestFileType(gguf.tensors, plan.types).id,
  };
}

import type { FileReport, LayerReport, Memory, PlanReport } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { TextModel } from '../models/model-file.ts';
import { layerOf } from '../models/model-file.ts';
import { tensorTypeName } from '../models/tensor-types.ts';
import type { Calibrated } from './fit-calibration.ts';
import type { PlanBasis } from './fit-plan.ts';
import type { FitSettings } from './fit-settings.ts';
import { fallbacksIn } from './mixture.ts';
import type { Plan } from './plan.ts';

/** The parts of the report that follow from a plan. */

export function layerReports(text: TextModel, calibrated: Calibrated, plan: Plan): LayerReport[] {
  const rankOf = new Map(plan.order.map((layer, rank) => [layer, rank]));
  return calibrated.entropies.map((entropy, index) => {
    const rank = rankOf.get(index) ?? 0;
    const types: Record<string, number> = {};
    for (const tensor of text.gguf.tensors) {
      if (layerOf(tensor.name) !== index) continue;
      const name = tensorTypeName(plan.types.get(tensor.name) ?? tensor.type);
      types[name] = (types[name] ?? 0) + 1;
    }
    const { both, image, text: onText } = entropy;
    return {
      index,
      entropyBits: { both, image, text: onText },
      rank,
      rung: rank < plan.lowLayers ? plan.rungs.low : plan.rungs.high,
      types,
    };
  });
}

export function planReport(
  text: TextModel,
  basis: PlanBasis,
  plan: Plan,
  settings: FitSettings,
  visionType: FitRequest['visionType'],
  tokensPerSecond: number,
): PlanReport {
  return {
    kind: 'paper',
    rungs: plan.rungs,
    lowLayers: plan.lowLayers,
    layers: plan.order.length,
    order: [...plan.order],
    contextTokens: settings.contextTokens,
    visionType: basis.visionTypes ? (visionType ?? null) : null,
    predictedMemory: plan.memory,
    predictedTokensPerSecond: tokensPerSecond,
    fallbacks: fallbacksIn(text.gguf.tensors, plan.types).map(({ tensor, columns, type }) => ({
      tensor,
      columns,
      type: tensorTypeName(type),
    })),
  };
}

/** A file's size and prediction; what running it shows is filled in by the measurement. */
export function unmeasured(text: TextModel, path: string | null, bytes: number, memory: Memory): FileReport {
  return {
    path,
    bytes,
    bitsPerWeight: (memory.weightsBytes * 8) / text.parameters,
    predictedMemory: memory,
    peakMemoryBytes: null,
    tokensPerSecond: null,
    promptTokensPerSecond: null,
  };
}

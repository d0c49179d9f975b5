import type {
  EntropyBits,
  FileReport,
  FitReport,
  LayerReport,
  Memory,
  PlanReport,
} from '../contract/fit-report.ts';
import { isLow } from '../contract/low-layers.ts';
import type { Rungs } from '../contract/rungs.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';
import { orderedByEntropy, settlesTies } from '../luq/entropy/orders.ts';
import { undecidedAtCut } from '../luq/entropy/statistics.ts';
import { bytesAs, fallbacksIn } from '../luq/plan/mixture.ts';
import type { Plan } from '../luq/plan/plan.ts';
import { layerOf, type TextModel } from '../models/model-file.ts';
import type { FitPlan } from './fit-plan.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { knownTieErrors } from './tie-errors.ts';
import type { WrittenFiles } from './write.ts';

/** What is known of a fit before its models have run. */
export interface FitOutcome {
  readonly chosen: FitPlan;
  readonly roundings: PlanReport['roundings'];
  readonly allHigh: Plan;
  readonly written: WrittenFiles;
  readonly predictedTokensPerSecond: number;
}

/** The parts of the report that follow from the plan and the files. */
export function describeFit(
  measuring: MeasuringContext,
  outcome: FitOutcome,
): Pick<FitReport, 'version' | 'model' | 'calibration' | 'layers' | 'plan' | 'files'> {
  const { source, request, planner, calibrated } = measuring;
  const { chosen, allHigh, written } = outcome;
  const { text, vision } = source;
  const { minTokens: min, maxTokens: max } = request.imageLimits;
  const allHighBytes = written.allHighBytes ?? planner.fileBytes(allHigh);
  return {
    version: 1,
    model: {
      name: text.name,
      architecture: text.architecture,
      parameters: text.parameters,
      sourceSha256: source.sha256,
      imageTokens: vision ? { min, max } : null,
    },
    calibration: calibrated.report,
    layers: layerReports(measuring, chosen),
    plan: planReport(measuring, outcome),
    files: {
      source: unmeasured(text, text.path, text.gguf.fileBytes, planner.unquantized().memory),
      q4km: unmeasured(text, written.allHigh, allHighBytes, allHigh.memory),
      luq: unmeasured(text, written.output, written.bytes, chosen.plan.memory),
    },
  };
}

function layerReports(
  { source, request, calibrated }: MeasuringContext,
  { plan, order, layerTypes }: FitPlan,
): LayerReport[] {
  const rankOf = new Map(order.map((layer, rank) => [layer, rank]));
  return calibrated.entropies.map((entropy, index) => {
    const rank = rankOf.get(index) ?? 0;
    const types: Record<string, number> = {};
    let [bytes, weights] = [0, 0];
    for (const tensor of source.text.gguf.tensors) {
      if (layerOf(tensor.name) !== index) continue;
      const type = plan.types.get(tensor.name) ?? tensor.type;
      const name = tensorTypeName(type);
      types[name] = (types[name] ?? 0) + 1;
      bytes += bytesAs(tensor, type);
      weights += tensor.elements;
    }
    return {
      index,
      entropyBits: entropy,
      rank,
      rung: layerTypes[index] ?? request.rungs.high,
      bitsPerWeight: weights === 0 ? null : (bytes * 8) / weights,
      types,
    };
  });
}

function planReport(
  measuring: MeasuringContext,
  { chosen, written, roundings, predictedTokensPerSecond }: FitOutcome,
): PlanReport {
  const { source, request, planner, calibrated } = measuring;
  const { plan, family, order } = chosen;
  const { kind, ordering } = request.plan;
  const { tensors } = source.text.gguf;
  return {
    kind,
    family,
    ordering,
    rungs: request.rungs,
    lowLayers: chosen.lowLayers ?? 0,
    layers: order.length,
    order: [...order],
    undecided: undecidedIn(calibrated.entropies, request.rungs, chosen),
    undecidedBy: settlesTies(ordering) && knownTieErrors(measuring) ? 'errors' : 'entropy',
    contextTokens: request.contextTokens,
    visionType: planner.visionTypes ? 'Q8_0' : null,
    predictedMemory: plan.memory,
    predictedTokensPerSecond,
    fed: fedReport(written),
    roundings,
    fallbacks: fallbacksIn(tensors, plan.types).map(({ tensor, columns, type }) => ({
      tensor,
      columns,
      type: tensorTypeName(type),
    })),
  };
}

function fedReport({ fed }: WrittenFiles): PlanReport['fed'] {
  return fed && { tensors: fed.tensors, fed: fed.fed, meanGain: fed.meanGain };
}

/** Layers whose side of the cut is chance; none where no cut through an order by entropy made the plan. */
function undecidedIn(
  entropies: readonly EntropyBits[],
  { high }: Rungs,
  { order, name, lowLayers, layerTypes }: FitPlan,
): number[] {
  if (lowLayers === null) return [];
  const cut = orderedByEntropy(name, order);
  const low = cut.filter((layer) => isLow(layerTypes[layer] ?? high, high)).length;
  return undecidedAtCut(entropies, cut, low);
}

/** A file's size and prediction; what running it shows is filled in by the measurement. */
function unmeasured(text: TextModel, path: string | null, bytes: number, memory: Memory): FileReport {
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

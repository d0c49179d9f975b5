import type { FileReport, FitReport, LayerReport, Memory, PlanReport } from '../contract/fit-report.ts';
import type { TextModel } from '../models/model-file.ts';
import { layerOf } from '../models/model-file.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';
import type { Calibrated } from './calibration.ts';
import type { PlanChoice } from './facts.ts';
import { fileBytesWith, sourceMemory, type PlanBasis } from './fit-plan.ts';
import type { FitSettings } from './settings.ts';
import { bytesAs, fallbacksIn } from '../luq/plan/mixture.ts';
import type { WrittenFiles } from './write.ts';
import type { Plan } from '../luq/plan/plan.ts';
import type { Source } from '../models/source.ts';

/** What is known of a fit before its models have run. */
export interface FitOutcome {
  readonly source: Source;
  readonly basis: PlanBasis;
  readonly settings: FitSettings;
  readonly calibrated: Calibrated;
  readonly plan: Plan;
  readonly choice: PlanChoice;
  readonly allHigh: Plan;
  readonly written: WrittenFiles;
  readonly predictedTokensPerSecond: number;
}

/** The parts of the report that follow from the plan and the files. */
export function describeFit(
  outcome: FitOutcome,
): Pick<FitReport, 'version' | 'model' | 'calibration' | 'layers' | 'plan' | 'files'> {
  const { source, basis, calibrated, plan, allHigh, written } = outcome;
  const { text, vision, limits } = source;
  return {
    version: 1,
    model: {
      name: text.name,
      architecture: text.architecture,
      parameters: text.parameters,
      sourceSha256: source.sha256,
      imageTokens: vision ? { min: limits.minTokens, max: limits.maxTokens } : null,
    },
    calibration: calibrated.report,
    layers: layerReports(text, calibrated, plan),
    plan: planReport(outcome),
    files: {
      source: unmeasured(text, text.path, text.gguf.fileBytes, sourceMemory(text, basis)),
      q4km: unmeasured(
        text,
        written.comparison,
        written.comparisonBytes ?? fileBytesWith(text, allHigh.memory.weightsBytes),
        allHigh.memory,
      ),
      luq: unmeasured(text, written.output, written.bytes, plan.memory),
    },
  };
}

function layerReports(text: TextModel, calibrated: Calibrated, plan: Plan): LayerReport[] {
  const rankOf = new Map(plan.order.map((layer, rank) => [layer, rank]));
  return calibrated.entropies.map((entropy, index) => {
    const rank = rankOf.get(index) ?? 0;
    const types: Record<string, number> = {};
    let [bytes, weights] = [0, 0];
    for (const tensor of text.gguf.tensors) {
      if (layerOf(tensor.name) !== index) continue;
      const type = plan.types.get(tensor.name) ?? tensor.type;
      const name = tensorTypeName(type);
      types[name] = (types[name] ?? 0) + 1;
      bytes += bytesAs(tensor, type);
      weights += tensor.elements;
    }
    const { both, image, text: onText } = entropy;
    return {
      index,
      entropyBits: { both, image, text: onText },
      rank,
      rung: plan.layerRungs[index] ?? plan.rungs.high,
      bitsPerWeight: weights === 0 ? null : (bytes * 8) / weights,
      types,
    };
  });
}

function planReport({
  source,
  basis,
  plan,
  choice,
  settings,
  predictedTokensPerSecond,
}: FitOutcome): PlanReport {
  const { tensors } = source.text.gguf;
  return {
    ...choice,
    rungs: plan.rungs,
    lowLayers: plan.lowLayers,
    layers: plan.order.length,
    order: [...plan.order],
    contextTokens: settings.contextTokens,
    visionType: basis.visionTypes ? 'Q8_0' : null,
    predictedMemory: plan.memory,
    predictedTokensPerSecond,
    fallbacks: fallbacksIn(tensors, plan.types).map(({ tensor, columns, type }) => ({
      tensor,
      columns,
      type: tensorTypeName(type),
    })),
  };
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

import { basename } from 'node:path';
import { isLow } from '../contract/low-layers.ts';
import { llamaCppRelease } from '../engine/build.ts';
import { GgufType, type GgufEntry } from '../gguf/gguf.ts';
import { ggufEntry } from '../gguf/writer.ts';
import { ownVersion } from '../root.ts';
import type { FitPlan } from './fit-plan.ts';
import type { MeasuringContext } from './measuring-context.ts';
import type { ResolvedRequest } from './request.ts';

type Fact = Pick<GgufEntry, 'key' | 'raw'>;

const { string, uint32, uint64, float32, float64 } = GgufType;

type Measuring = Pick<MeasuringContext, 'source' | 'request' | 'calibrated' | 'laptop'>;

/**
 * The facts of a fit as `luq.*` metadata, so that a file says how it was made, can be checked and can be made again; docs/models.md lists
 * them. `importance` is the SHA-256 of the importance matrix.
 */
export function luqFacts(measuring: Measuring, fitted: FitPlan, importance: string): Fact[] {
  const { source, request, calibrated } = measuring;
  const { rungs } = request;
  const { report, entropyBits } = calibrated;
  return [
    ggufEntry('luq.version', uint32, 1),
    ...makerFacts(measuring),
    ggufEntry('luq.source.sha256', string, source.sha256),
    ggufEntry('luq.source.file', string, basename(source.text.path)),
    ...visionFacts(measuring),
    ...budgetFacts(request),
    ...qualityFacts(request),
    ggufEntry('luq.context_tokens', uint32, request.contextTokens),
    ...planFacts(request, fitted),
    ggufEntry('luq.rounding', string, request.rounding),
    ggufEntry('luq.rungs', string, [rungs.high, rungs.low]),
    ggufEntry('luq.low_layers', uint32, lowLayersIn(fitted, rungs)),
    ggufEntry('luq.layer_rungs', string, [...fitted.layerTypes]),
    ggufEntry('luq.order', uint32, [...fitted.order]),
    ggufEntry('luq.entropy.bits', float32, [...entropyBits]),
    ggufEntry('luq.entropy.clusters', uint32, report.clusters),
    ggufEntry('luq.calibration.set', string, report.set),
    ggufEntry('luq.calibration.set_sha256', string, request.calibration.set.id),
    // as precise as it was asked for: a command has to say it again
    ggufEntry('luq.calibration.alpha', float64, report.alpha),
    ggufEntry('luq.calibration.seed', uint32, report.seed),
    ggufEntry('luq.calibration.most_tokens', uint32, request.calibration.tokens),
    ggufEntry('luq.calibration.tokens', uint32, report.tokens),
    ggufEntry('luq.calibration.image_tokens', uint32, report.imageTokens),
    ggufEntry('luq.importance.sha256', string, importance),
  ];
}

/** How the plan was chosen, and what it turned out to be. */
function planFacts({ plan }: ResolvedRequest, { family }: FitPlan): Fact[] {
  const { kind, ordering, fileType, trials, minTokensPerSecond } = plan;
  return [
    ggufEntry('luq.plan.kind', string, kind),
    ggufEntry('luq.plan.family', string, family),
    ...(kind === 'uniform' && fileType ? [ggufEntry('luq.plan.file_type', string, fileType)] : []),
    ...(kind === 'best' ? [ggufEntry('luq.plan.trials', uint32, trials)] : []),
    ...(kind === 'best' && minTokensPerSecond !== undefined
      ? [ggufEntry('luq.plan.min_tokens_per_second', float64, minTokensPerSecond)]
      : []),
    ggufEntry('luq.ordering', string, ordering),
  ];
}

/** The low ones of a plan of two rungs; other plans have none. */
function lowLayersIn({ family, order, layerTypes }: FitPlan, { high }: ResolvedRequest['rungs']): number[] {
  return family === 'luq' ? order.filter((layer) => isLow(layerTypes[layer] ?? high, high)) : [];
}

/** What computed: another release, or llama.cpp's build for another processor, sums in another order. */
function makerFacts({ request, laptop }: Measuring): Fact[] {
  return [
    ggufEntry('luq.made_with.snug', string, ownVersion()),
    ggufEntry('luq.made_with.llama_cpp', string, llamaCppRelease()),
    ggufEntry('luq.made_with.cpu', string, laptop.cpu.variant),
    ggufEntry('luq.made_with.threads', uint32, request.threads),
  ];
}

function visionFacts({ source, request }: Measuring): Fact[] {
  if (!source.vision) return [];
  const { minTokens, maxTokens } = request.imageLimits;
  return [
    ggufEntry('luq.vision.file', string, basename(source.vision.path)),
    ggufEntry('luq.vision.sha256', string, source.visionSha256 ?? ''),
    ...(request.visionType ? [ggufEntry('luq.vision.type', string, request.visionType)] : []),
    ggufEntry('luq.image_tokens.min', uint32, minTokens),
    ggufEntry('luq.image_tokens.max', uint32, maxTokens),
  ];
}

/** Limits that were asked for: a plan is chosen by them. */
function qualityFacts({ quality: { maxKld, minAgreement } }: ResolvedRequest): Fact[] {
  return [
    ...(maxKld === undefined ? [] : [ggufEntry('luq.quality.max_kld', float64, maxKld)]),
    ...(minAgreement === undefined ? [] : [ggufEntry('luq.quality.min_agreement', float64, minAgreement)]),
  ];
}

/** Nothing where the number of low layers was given: no budget made that plan. */
function budgetFacts({ budget, lowLayers }: ResolvedRequest): Fact[] {
  if (lowLayers !== undefined) return [];
  return [
    ggufEntry('luq.budget.bytes', uint64, budget.bytes),
    ggufEntry('luq.budget.source', string, budget.source),
  ];
}

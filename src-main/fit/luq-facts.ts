import { isLow } from '../contract/low-layers.ts';
import { GgufType, type GgufEntry } from '../gguf/gguf.ts';
import { ggufEntry } from '../gguf/writer.ts';
import type { OrderedPlan } from '../luq/plan/plan.ts';
import type { MeasuringContext } from './measuring-context.ts';
import type { ResolvedRequest } from './request.ts';

type Fact = Pick<GgufEntry, 'key' | 'raw'>;

const { string, uint32, uint64, float32 } = GgufType;

/** The facts of a fit as `luq.*` metadata, so that a file says how it was made and can be checked; docs/models.md lists them. */
export function luqFacts(
  { source, request, calibrated }: Pick<MeasuringContext, 'source' | 'request' | 'calibrated'>,
  { plan, order }: OrderedPlan,
): Fact[] {
  const { report, entropyBits } = calibrated;
  const { layerRungs, rungs } = plan;
  return [
    ggufEntry('luq.version', uint32, 1),
    ggufEntry('luq.source.sha256', string, source.sha256),
    ...budgetFacts(request),
    ggufEntry('luq.context_tokens', uint32, request.contextTokens),
    ggufEntry('luq.plan.kind', string, request.plan.kind),
    ggufEntry('luq.ordering', string, request.plan.ordering),
    ggufEntry('luq.rungs', string, [rungs.high, rungs.low]),
    ggufEntry(
      'luq.low_layers',
      uint32,
      order.filter((layer) => isLow(layerRungs[layer] ?? rungs.high, rungs.high)),
    ),
    ggufEntry('luq.layer_rungs', string, [...layerRungs]),
    ggufEntry('luq.order', uint32, [...order]),
    ggufEntry('luq.entropy.bits', float32, [...entropyBits]),
    ggufEntry('luq.entropy.clusters', uint32, report.clusters),
    ggufEntry('luq.calibration.set', string, report.set),
    ggufEntry('luq.calibration.alpha', float32, report.alpha),
    ggufEntry('luq.calibration.seed', uint32, report.seed),
    ggufEntry('luq.calibration.tokens', uint32, report.tokens),
    ggufEntry('luq.calibration.image_tokens', uint32, report.imageTokens),
    ...(source.vision
      ? [
          ggufEntry('luq.image_tokens.min', uint32, request.imageLimits.minTokens),
          ggufEntry('luq.image_tokens.max', uint32, request.imageLimits.maxTokens),
        ]
      : []),
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

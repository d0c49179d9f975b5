import { ggufEntry } from '../gguf/writer.ts';
import { GgufType, type GgufEntry } from '../gguf/gguf.ts';
import type { Calibrated } from './calibration.ts';
import type { Ordering } from '../contract/fit-request.ts';
import { isLow } from '../contract/low-layers.ts';
import type { Plan } from '../luq/plan/plan.ts';
import type { Source } from '../models/source.ts';

/** How a plan came about: the paper's way, in an order of layers, or the best of several that were measured. */
export interface PlanChoice {
  readonly kind: 'paper' | 'auto';
  readonly ordering: Ordering;
}

/** The facts of a fit as `luq.*` metadata, so that a file says how it was made and can be checked. */
export function luqFacts(
  source: Source,
  calibrated: Calibrated,
  plan: Plan,
  choice: PlanChoice,
): Pick<GgufEntry, 'key' | 'raw'>[] {
  const { string, uint32, float32 } = GgufType;
  const { report, entropies } = calibrated;
  const { order, layerRungs, rungs } = plan;
  const facts = [
    ggufEntry('luq.version', uint32, 1),
    ggufEntry('luq.source.sha256', string, source.sha256),
    ggufEntry('luq.plan.kind', string, choice.kind),
    ggufEntry('luq.ordering', string, choice.ordering),
    ggufEntry('luq.rungs', string, [rungs.high, rungs.low]),
    ggufEntry(
      'luq.low_layers',
      uint32,
      order.filter((layer) => isLow(layerRungs[layer] ?? rungs.high, rungs.high)),
    ),
    ggufEntry('luq.layer_rungs', string, [...layerRungs]),
    ggufEntry('luq.order', uint32, [...order]),
    ggufEntry(
      'luq.entropy.bits',
      float32,
      entropies.map((entropy) => entropy.both),
    ),
    ggufEntry('luq.entropy.clusters', uint32, report.clusters),
    ggufEntry('luq.calibration.set', string, report.set),
    ggufEntry('luq.calibration.alpha', float32, report.alpha),
    ggufEntry('luq.calibration.seed', uint32, report.seed),
    ggufEntry('luq.calibration.tokens', uint32, report.tokens),
    ggufEntry('luq.calibration.image_tokens', uint32, report.imageTokens),
  ];
  if (source.vision) {
    facts.push(
      ggufEntry('luq.image_tokens.min', uint32, source.limits.minTokens),
      ggufEntry('luq.image_tokens.max', uint32, source.limits.maxTokens),
    );
  }
  return facts;
}

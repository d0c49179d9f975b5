import { SnugError } from '../../contract/errors.ts';
import type { Rung, Rungs } from '../../contract/rungs.ts';
import type { Addon, Backends, NativeModel } from '../../engine/native-types.ts';
import { limitsIn, type ImageLimits } from '../../models/image-limits.ts';
import type { TextModel, VisionModel } from '../../models/model-file.ts';
import { layoutsOf, otherKernels } from './loaded-weights.ts';
import { measureOverhead, type Overhead } from './memory.ts';
import { bytesWithTypes, mixtureOf } from './mixture.ts';
import { Planner } from './planner.ts';
import { possibleSavings, type Alternative, type Changes } from './savings.ts';
import { visionTypes } from './vision-types.ts';

/** What a planner is made for. */
export interface Planned {
  readonly rungs: Rungs;
  readonly contextTokens: number;
  readonly imageLimits: ImageLimits;
  /** how the vision encoder is to be stored; as it is when undefined */
  readonly visionType: 'Q8_0' | undefined;
}

interface PlannedHere {
  readonly addon: Addon;
  readonly backends: Pick<Backends, 'ownKernelTypes'>;
}

/**
 * Measures what a model takes besides its weights, as it is and with one thing or another given up.
 *
 * @param metadata of the text model, without its weights; stays open as long as the planner is used
 * @throws SnugError BAD_ARGUMENT when the low rung takes no less memory than the high one
 */
export async function openPlanner(
  { addon, backends }: PlannedHere,
  metadata: NativeModel,
  { text, vision }: { readonly text: TextModel; readonly vision: VisionModel | undefined },
  { rungs, contextTokens, imageLimits, visionType }: Planned,
): Promise<Planner> {
  const { tensors } = text.gguf;
  const smallerVision = vision && visionTypes(vision.gguf.tensors, 'Q8_0');
  const isSmaller = visionType !== undefined;
  const overheadWith = async (changes: Changes): Promise<Overhead> => {
    const context = changes.contextTokens ?? contextTokens;
    const maxTokens = changes.imageMaxTokens ?? imageLimits.maxTokens;
    const overhead = await measureOverhead(addon, metadata, {
      vision,
      contextTokens: context,
      limits: limitsIn(context, { ...imageLimits, maxTokens }),
    });
    if (!vision || !smallerVision || !(isSmaller || changes.smallerVision)) return overhead;
    return { ...overhead, visionWeightsBytes: bytesWithTypes(vision.gguf.tensors, smallerVision) };
  };
  const overhead = await overheadWith({});
  const alternatives: Alternative[] = [];
  const seeing = vision && { canShrink: !isSmaller, limits: imageLimits };
  for (const { label, remedies, ...changes } of possibleSavings(contextTokens, seeing)) {
    alternatives.push({ label, remedies, overhead: await overheadWith(changes) });
  }
  const layouts = layoutsOf(addon, tensors);
  const planner = new Planner({
    text,
    rungs,
    mixtureOf: (rung) => mixtureOf(addon, metadata, tensors, rung),
    overhead,
    layouts,
    otherKernels: otherKernels(layouts, backends.ownKernelTypes),
    visionTypes: isSmaller ? smallerVision : undefined,
    alternatives,
  });
  insistLowIsSmaller(planner, text);
  return planner;
}

function insistLowIsSmaller(planner: Planner, { gguf }: TextModel): void {
  const { high, low } = planner.rungs;
  const bytesAt = (rung: Rung): number => bytesWithTypes(gguf.tensors, planner.mixture(rung));
  if (bytesAt(low) < bytesAt(high)) return;
  throw new SnugError('BAD_ARGUMENT', `${low} takes no less memory than ${high}`, {
    advice: 'Name the better one first.',
    remedies: [{ kind: 'set-rungs', high: low, low: high }],
  });
}

import { z } from 'zod';
import type { Inspection } from '../contract/model.ts';
import { PLAN_FAMILIES } from '../contract/fit-report.ts';
import { ORDERINGS, planKindSchema, ROUNDINGS } from '../contract/fit-request.ts';
import { SnugError } from '../contract/errors.ts';
import type { ReadOnly } from '../contract/read-only.ts';

const sha256 = z.string().regex(/^[\da-f]{64}$/);
const count = z.int().nonnegative();

/** What a fitted file says of how it was made (src-main/fit/luq-facts.ts writes it); the names are those of its metadata. */
const factsSchema = z.object({
  'luq.version': z.literal(1),
  'luq.source.sha256': sha256,
  'luq.budget.bytes': count.optional(),
  'luq.context_tokens': count,
  'luq.plan.kind': planKindSchema,
  'luq.plan.family': z.enum(PLAN_FAMILIES).default('luq'),
  'luq.plan.file_type': z.string().optional(),
  'luq.plan.trials': count.optional(),
  'luq.plan.min_tokens_per_second': z.number().optional(),
  'luq.rounding': z.enum(ROUNDINGS).optional(),
  'luq.ordering': z.enum(ORDERINGS),
  'luq.rungs': z.tuple([z.string(), z.string()]),
  'luq.low_layers': z.array(count),
  'luq.layer_rungs': z.array(z.string()),
  'luq.entropy.clusters': count,
  'luq.calibration.set': z.string(),
  'luq.calibration.alpha': z.number(),
  'luq.calibration.seed': count,
  'luq.calibration.tokens': count,
  'luq.calibration.image_tokens': count,
  'luq.image_tokens.min': count.optional(),
  'luq.image_tokens.max': count.optional(),
  'luq.quality.max_kld': z.number().optional(),
  'luq.quality.min_agreement': z.number().optional(),
  'luq.vision.file': z.string().optional(),
  'luq.vision.sha256': sha256.optional(),
  'luq.vision.type': z.literal('Q8_0').optional(),
});

/** What an early Snug did not write: without it a file cannot be made again to the bit. */
const makingSchema = z.object({
  'luq.made_with.snug': z.string(),
  'luq.made_with.llama_cpp': z.string(),
  'luq.made_with.cpu': z.string(),
  'luq.made_with.threads': count,
  'luq.source.file': z.string(),
  'luq.calibration.set_sha256': sha256,
  'luq.calibration.most_tokens': count,
  'luq.importance.sha256': sha256,
});

export type FitFacts = ReadOnly<z.infer<typeof factsSchema>>;
/** … and what it takes to make the file again. */
export type MakingFacts = FitFacts & ReadOnly<z.infer<typeof makingSchema>>;

/** @throws SnugError BAD_ARGUMENT for a file that Snug did not fit */
export function fitFacts({ path, luq }: Inspection): FitFacts {
  const facts = factsSchema.safeParse(luq);
  if (facts.success) return facts.data;
  throw new SnugError('BAD_ARGUMENT', `${path} was not fitted by Snug`, {
    advice: 'Only what Snug fitted can be exported; other models are where they came from.',
    remedies: [{ kind: 'fit-model' }],
  });
}

/** undefined for a file of a Snug that noted less. */
export function makingFacts({ luq }: Pick<Inspection, 'luq'>): MakingFacts | undefined {
  return factsSchema.extend(makingSchema.shape).safeParse(luq).data;
}

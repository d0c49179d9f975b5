import { z } from 'zod';
import { KERNELS } from './kernels.ts';
import type { ReadOnly } from './read-only.ts';

/**
 * What a person can do about an error, as data. Each door words a remedy in its own terms: a button in the window, a flag or a command in
 * the terminal. Only what is possible where the error arose is offered.
 */
export const remedySchema = z.discriminatedUnion('kind', [
  /** give the model its vision file */
  z.object({ kind: z.literal('add-vision-file') }),
  /** several vision files would do: choose one */
  z.object({ kind: z.literal('choose-vision-file'), paths: z.array(z.string()) }),
  z.object({ kind: z.literal('set-context'), tokens: z.number() }),
  /** let a picture take at most so many tokens */
  z.object({ kind: z.literal('limit-picture-tokens'), tokens: z.number() }),
  /** let a picture take fewer tokens, by what the person thinks right */
  z.object({ kind: z.literal('fewer-picture-tokens') }),
  /** store the vision file in 8 bits */
  z.object({ kind: z.literal('smaller-vision') }),
  z.object({ kind: z.literal('set-budget'), bytes: z.number() }),
  /** ask for the original's next word at this share of positions, 0 to 1, and no more */
  z.object({ kind: z.literal('ask-agreement'), share: z.number() }),
  /** allow this mean KL divergence from the original */
  z.object({ kind: z.literal('allow-divergence'), nats: z.number() }),
  /** measure several plans and take the best */
  z.object({ kind: z.literal('try-plans') }),
  z.object({ kind: z.literal('set-rungs'), high: z.string(), low: z.string() }),
  /** of a uniform plan */
  z.object({ kind: z.literal('set-file-type'), type: z.string() }),
  /** ask for so many predicted tokens per second, and no more */
  z.object({ kind: z.literal('set-speed'), tokensPerSecond: z.number() }),
  z.object({ kind: z.literal('set-clusters'), clusters: z.number() }),
  /** multiply with kernels whose layouts take less memory */
  z.object({ kind: z.literal('set-kernels'), kernels: z.enum(KERNELS) }),
  z.object({ kind: z.literal('choose-output') }),
  /** write over the files that are there */
  z.object({ kind: z.literal('replace-files') }),
  /** keep Snug's files in another folder */
  z.object({ kind: z.literal('choose-home') }),
  z.object({ kind: z.literal('choose-models-folder') }),
  /** a folder with pictures of one's own to calibrate with */
  z.object({ kind: z.literal('choose-calibration') }),
  z.object({ kind: z.literal('built-in-calibration') }),
  /** say where a benchmark's pictures are */
  z.object({ kind: z.literal('choose-pictures-folder') }),
  /** the port that the window is served from */
  z.object({ kind: z.literal('choose-port') }),
  /** compress the model first */
  z.object({ kind: z.literal('fit-model') }),
  /** load it although the memory at hand is too small: it will be slow */
  z.object({ kind: z.literal('load-anyway') }),
  z.object({ kind: z.literal('choose-model') }),
  /** download a model of the hub */
  z.object({ kind: z.literal('get-model'), address: z.string() }),
  /** a page of the hub: a licence to accept, a token to make */
  z.object({ kind: z.literal('open-page'), address: z.url({ protocol: /^https?$/ }) }),
  /** give Snug an access token of the hub */
  z.object({ kind: z.literal('give-token') }),
]);
export type Remedy = ReadOnly<z.infer<typeof remedySchema>>;

import { z } from 'zod';
import type { ReadOnly } from './read-only.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** Where a model was downloaded from, as its sidecar keeps it. */
export const modelSourceSchema = z.strictObject({
  /** the hub's address: https://huggingface.co, or a mirror of it */
  hub: z.string().max(2000),
  repository: z.string().max(200),
  /** the branch or tag that was asked for */
  revision: z.string().max(200),
  /** what that was then */
  commit: z.string().max(200),
  /** the model first, then its other parts, then its vision file */
  files: z.array(
    z.strictObject({
      /** in the repository */
      path: z.string().max(1024),
      /** beside the model; what it is called in the repository is no name everywhere */
      name: z.string().max(255),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(SHA256),
    }),
  ),
  licence: z.strictObject({ name: z.string().max(100), url: z.string().max(2000).optional() }).optional(),
  /** ISO 8601 */
  downloadedAt: z.string().max(40),
});
export type ModelSource = ReadOnly<z.infer<typeof modelSourceSchema>>;

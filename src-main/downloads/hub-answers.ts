import { z } from 'zod';

const SHA256 = /^[\da-f]{64}$/;
const wholeNumber = z.number().int().nonnegative();

/** Of `GET /api/models/OWNER/NAME/revision/REVISION?blobs=true`: https://huggingface.co/docs/hub/api. */
export const modelAnswerSchema = z.object({
  id: z.string().max(200),
  /** the commit */
  sha: z.string().regex(/^[\da-f]{40}$/),
  private: z.boolean().default(false),
  gated: z
    .union([z.boolean(), z.enum(['auto', 'manual'])])
    .default(false)
    // a hub that does not say who answers
    .transform((gated) => (gated === true ? 'manual' : gated)),
  cardData: z
    .object({
      // some name several, and some write it as a list
      license: z.union([z.string(), z.array(z.string())]).nullish(),
      license_name: z.string().nullish(),
    })
    .nullish()
    .catch(undefined),
  siblings: z
    .array(
      z.object({
        rfilename: z.string().max(4096),
        size: wholeNumber.nullish(),
        blobId: z.string().max(64).nullish(),
        lfs: z.object({ sha256: z.string().regex(SHA256), size: wholeNumber }).nullish(),
      }),
    )
    .max(100_000)
    .default([]),
});
export type ModelAnswer = z.infer<typeof modelAnswerSchema>;

/** The SHA-256 that an ETag holds, as it does for what is stored as a large file. */
export function sha256OfEtag(etag: string): string | undefined {
  return SHA256.test(etag) ? etag : undefined;
}

/** An ETag without its quotes and its mark of weakness. */
export function plainEtag(told: string | null): string | undefined {
  return told?.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') || undefined;
}

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ContentRange extends ByteRange {
  /** of the whole file */
  readonly total: number;
}

export function parseContentRange(told: string | null): ContentRange | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(told?.trim() ?? '') ?? [];
  if (first === undefined) return undefined;
  return { start: Number(first), end: Number(last) + 1, total: Number(total) };
}

import { z } from 'zod';
import { pairFactsSchema } from '../export.ts';
import { describedFilesSchema, inspectionSchema } from '../model.ts';
import { defineMethod, defineWorker, type WorkerClient } from './worker-contract.ts';

const ofPath = z.object({ path: z.string() });
const ofPair = ofPath.extend({ mmprojPath: z.string() });
const readsPath = ({ path }: { readonly path: string }) => [path];
const readsPair = ({ path, mmprojPath }: { readonly path: string; readonly mmprojPath: string }) => [
  path,
  mmprojPath,
];

/** The process that reads headers of files that people give us. */
export const readContract = defineWorker('read', {
  /** What a model's files say of it, for the library. */
  describe: defineMethod({
    argument: ofPath.extend({ mmprojPath: z.string().nullable() }),
    result: describedFilesSchema,
    reads: ({ path, mmprojPath }) => [path, mmprojPath ?? undefined],
  }),
  /** All that a file's header says. */
  inspect: defineMethod({ argument: ofPath, result: inspectionSchema, reads: readsPath }),
  /** What an export tells of a model and its vision file; throws where they do not belong together. */
  pairFacts: defineMethod({
    argument: ofPath.extend({ mmprojPath: z.string().nullable() }),
    result: pairFactsSchema,
    reads: ({ path, mmprojPath }) => [path, mmprojPath ?? undefined],
  }),
  /** Whether a file is a text model or a vision file; throws for anything else. */
  kind: defineMethod({ argument: ofPath, result: z.enum(['text', 'vision']), reads: readsPath }),
  /**
   * Of a file whose first bytes alone are here: how many are needed at least to read its header on; undefined where it is whole. Throws for
   * what is no model that Snug can use, as soon as its metadata is here.
   */
  missingHeader: defineMethod({
    argument: ofPath.extend({ wholeBytes: z.int().nonnegative() }),
    result: z.int().optional(),
    reads: readsPath,
  }),
  /** The files of the model that a file belongs to (`ownFiles`); throws nothing for what is no model. */
  files: defineMethod({ argument: ofPath, result: z.array(z.string()), reads: readsPath }),
  /** Whether a vision file belongs to a text model. */
  fits: defineMethod({ argument: ofPair, result: z.boolean(), reads: readsPair }),
  /** Throws WRONG_PAIR with the reason where it does not. */
  checkPair: defineMethod({ argument: ofPair, result: z.void(), reads: readsPair }),
  /** The vision file in a text model's folder; throws where several fit. */
  findMmproj: defineMethod({ argument: ofPath, result: z.string().optional(), reads: readsPath }),
});
export type ReadWorker = WorkerClient<typeof readContract>;

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { z } from 'zod';
import { SnugError } from '../contract/errors.ts';
import { measuredFitSchema } from '../contract/fit-report.ts';
import { ORDERINGS } from '../contract/fit-request.ts';
import { modelSourceSchema } from '../contract/model-source.ts';
import type { ReadOnly } from '../contract/read-only.ts';
import { removeDurably, writeFileAtomically } from '../files/durable-files.ts';
import { isInside } from '../files/paths.ts';
import { PRIVATE, PRIVATE_FOLDER, type Modes } from '../files/private-files.ts';
import { readRegularFile } from '../files/regular-file.ts';
import { statsOf } from '../files/stats.ts';

/** Whether a relative path leads no higher than where it begins. */
function staysBelow(path: string): boolean {
  const start = resolve('start');
  return !isAbsolute(path) && isInside(start, resolve(start, path));
}

/** What belongs to a model file and cannot stand in it, kept beside it as `<model>.snug.json`. Paths are relative to it. */
const sidecarSchema = z.strictObject({
  /** the vision file it goes with */
  mmproj: z.string().optional(),
  /** the order in which its layers go low unless another is asked for */
  ordering: z.enum(ORDERINGS).optional(),
  /** the folder of a calibration set of its world, beside or below it; as it is written */
  calibration: z.string().min(1).refine(staysBelow, 'it has to be a folder beside the model').optional(),
  /** how many tokens a picture may take */
  imageTokens: z.strictObject({ min: z.int().positive(), max: z.int().positive() }).optional(),
  /** questions that show what the model can do */
  samples: z.array(z.strictObject({ question: z.string(), picture: z.string().optional() })).optional(),
  /** where it was downloaded from */
  source: modelSourceSchema.optional(),
  /** of a fit's result: what running it has shown, and where the model that it was made from was downloaded */
  measured: measuredFitSchema.optional(),
  madeFrom: modelSourceSchema.optional(),
});
export type Sidecar = ReadOnly<z.infer<typeof sidecarSchema>>;

export function sidecarPath(modelPath: string): string {
  return `${modelPath}.snug.json`;
}

/** A few questions and names of files. */
const MOST_BYTES = 1 << 20;

/** Empty when there is none; paths come back absolute. */
export function readSidecar(modelPath: string): Sidecar {
  const path = sidecarPath(modelPath);
  if (!existsSync(path)) return {};
  const written = readRegularFile(path, { mostBytes: MOST_BYTES }).toString('utf8');
  let content: unknown;
  try {
    content = JSON.parse(written);
  } catch (error) {
    throw new SnugError('BAD_ARGUMENT', `${path} is not valid JSON`, {
      advice: 'Fix or delete it.',
      cause: error,
    });
  }
  const parsed = sidecarSchema.safeParse(content);
  if (!parsed.success) {
    throw new SnugError('BAD_ARGUMENT', `${path} is not valid: ${z.prettifyError(parsed.error)}`, {
      advice: 'Fix or delete it.',
    });
  }
  const absolute = (relative: string) => resolve(dirname(path), relative);
  return withPaths(parsed.data, absolute);
}

/** The same; empty also where it cannot be read. */
export function sidecarOf(modelPath: string): Sidecar {
  try {
    return readSidecar(modelPath);
  } catch {
    return {};
  }
}

/** Where a model's own calibration set should lie; undefined for one that names none. */
export function calibrationFolderOf(modelPath: string): string | undefined {
  const { calibration } = readSidecar(modelPath);
  return calibration === undefined ? undefined : resolve(dirname(modelPath), calibration);
}

/** The same with every path in it changed but the calibration set's: that one stays where it is when a model moves, which is said then. */
function withPaths({ mmproj, samples, ...rest }: Sidecar, change: (path: string) => string): Sidecar {
  const changed = samples?.map((sample) =>
    sample.picture === undefined ? sample : { ...sample, picture: change(sample.picture) },
  );
  return {
    ...rest,
    ...(mmproj === undefined ? {} : { mmproj: change(mmproj) }),
    ...(changed === undefined ? {} : { samples: changed }),
  };
}

/** Who may read a model may read its sidecar. */
export function sidecarModes(modelPath: string): Modes {
  const model = statsOf(modelPath);
  return model ? { file: model.mode & 0o666, folder: PRIVATE_FOLDER } : PRIVATE;
}

/** Writes a model's sidecar from absolute paths; one that would say nothing is deleted. */
export function writeSidecar(modelPath: string, sidecar: Sidecar, modes = sidecarModes(modelPath)): void {
  const path = sidecarPath(modelPath);
  const besideIt = (absolute: string) => relative(dirname(path), absolute);
  const written = withPaths(sidecar, besideIt);
  if (Object.keys(written).length === 0) removeDurably(path);
  else writeFileAtomically(path, `${JSON.stringify(written, null, 2)}\n`, modes);
}

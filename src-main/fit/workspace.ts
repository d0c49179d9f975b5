import { basename, join } from 'node:path';
import { isBlobName } from '../files/blob-name.ts';
import { safeName } from '../files/safe-name.ts';
import { workFolder } from '../home.ts';
import { stemOf } from '../gguf/part-names.ts';
import { makeFolder } from '../files/durable-files.ts';
import { writeError } from '../files/write-error.ts';
import { LONGEST_STEM_BYTES, shortened } from '../files/output-name.ts';

/**
 * Where in a folder a fit's result goes unless the person says otherwise: "Qwen2.5-VL-7B-Instruct-f16.gguf" →
 * "Qwen2.5-VL-7B-Instruct-LUQ.gguf". A source whose file has no name goes by what it
 * says of itself. `distinction` tells results of sources of one name apart.
 */
export function outputPath(
  folder: string,
  model: { readonly path: string; readonly name: string },
  distinction?: string,
): string {
  const file = isBlobName(basename(model.path)) ? `${safeName(model.name)}.gguf` : model.path;
  const name = stemOf(file).replace(/[-_.](f16|bf16|f32|q8_0)$/i, '');
  const stem = shortened(name, LONGEST_STEM_BYTES);
  return join(folder, `${[stem, 'LUQ', ...(distinction ? [distinction] : [])].join('-')}.gguf`);
}

export const SOURCE_COPY = 'source-copy.gguf';

/** What belongs to one source file, found again by its hash whatever it is called. */
export interface Workspace {
  readonly folder: string;
  readonly bank: string;
  /** of the source, while it is calibrated with; whoever holds the lock may drop what a killed run left of it */
  readonly copy: string;
  /** beside the folder, which may be deleted while it is held */
  readonly lock: string;
  calibration(key: string): string;
}

export function openWorkspace(home: string, sourceSha256: string): Workspace {
  const folder = join(workFolder(home), sourceSha256.slice(0, 16));
  try {
    makeFolder(join(folder, 'bank'));
  } catch (error) {
    throw writeError(error, folder);
  }
  return {
    folder,
    bank: join(folder, 'bank'),
    copy: join(folder, SOURCE_COPY),
    lock: `${folder}.lock`,
    calibration: (key) => join(folder, `calibration-${key}`),
  };
}

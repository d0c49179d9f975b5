import { exportPair } from '../export/export-pair.ts';
import { readPair } from '../export/read-pair.ts';
import { output } from '../doors/terminal/terminal-output.ts';
import { readTextModel } from '../models/model-file.ts';
import { readSidecar } from '../models/sidecar.ts';
import { mmprojFor } from './chosen-model.ts';
import { givenFile, givenModel } from './given-files.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

export interface ExportFlags {
  readonly mmproj?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const PLACED = {
  cloned: 'They share their blocks with Snug’s own until one is changed.',
  linked: 'They are other names of Snug’s own files, and take no room of their own.',
  copied: 'They are copies.',
} as const;

/** `snug export MODEL FOLDER`: a fitted pair with what it takes to run it elsewhere and to make it again. */
export async function exportCommand(model: string, folder: string, flags: ExportFlags): Promise<number> {
  const text = readTextModel(givenModel(model));
  const sidecar = readSidecar(text.path);
  const mmprojPath = mmprojFor(text, flags.mmproj, true);
  const request = {
    modelPath: text.path,
    mmprojPath,
    facts: readPair(text.path, mmprojPath),
    folder: givenFile(folder),
    replace: flags.replace ?? false,
    measured: sidecar.measured,
    madeFrom: sidecar.madeFrom,
  };
  const display = new ProgressDisplay();
  try {
    const exported = await withInterrupt((signal) =>
      exportPair(request, {
        signal,
        onProgress: (done, total) => display.show({ stage: 'export', done, total, unit: 'bytes' }),
      }),
    );
    display.finish();
    if (flags.json) output.json(exported);
    else {
      const { files, placed } = exported;
      output.lines(`Exported to ${exported.folder}: ${files.join(', ')}.`, PLACED[placed]);
      output.lines('README.md says how to run them, and how they were made.');
    }
    return EXIT.ok;
  } finally {
    display.finish();
  }
}

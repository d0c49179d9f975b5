import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rung } from '../../src-main/contract/rungs.ts';
import { writeGemma3 } from '../../test/fixtures/families/gemma3.ts';
import { writeImportance } from '../../test/fixtures/families/importance.ts';
import { writeInternVl3 } from '../../test/fixtures/families/internvl3.ts';
import { writeMiniCpmV4 } from '../../test/fixtures/families/minicpm-v4.ts';
import { writeQwen3Vl } from '../../test/fixtures/families/qwen3-vl.ts';
import { writeSmolVlm2 } from '../../test/fixtures/families/smolvlm2.ts';
import { describeTensors, type TensorRecord } from './describe-tensors.ts';
import { llamaCppTag, run, THREADS, writeJson } from './run.ts';

/** What llama-quantize makes of the families' small models, whose rules it has by architecture. */

const WRITERS = {
  'qwen3-vl': (folder: string) => writeQwen3Vl(folder),
  'qwen3-vl untied': (folder: string) => writeQwen3Vl(folder, { tied: false }),
  'gemma-3': (folder: string) => writeGemma3(folder),
  smolvlm2: (folder: string) => writeSmolVlm2(folder),
  internvl3: (folder: string) => writeInternVl3(folder),
  'minicpm-v-4': (folder: string) => writeMiniCpmV4(folder),
};

/** Without the tables of IQ1 and IQ3, which take ten seconds to build. */
export const RECORDED_RUNGS: readonly Rung[] = ['Q4_K_M', 'Q2_K'];

export async function recordFamilies(recordedOn: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'snug-families-'));
  const recorded: Record<string, Record<string, TensorRecord>> = {};
  try {
    for (const [family, write] of Object.entries(WRITERS)) {
      const { model } = write(folder);
      const imatrix = writeImportance(model, join(folder, 'imatrix.gguf'));
      const rungs: Record<string, TensorRecord> = {};
      recorded[family] = rungs;
      for (const rung of RECORDED_RUNGS) {
        const quantized = join(folder, `${rung}.gguf`);
        await run('llama-quantize', ['--imatrix', imatrix, model, quantized, rung, THREADS]);
        rungs[rung] = describeTensors(quantized);
        console.log(`families.json: ${family} in ${rung}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  writeJson('families.json', { llamaCpp: llamaCppTag(), recordedOn, recorded });
}

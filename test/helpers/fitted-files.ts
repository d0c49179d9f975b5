import { fitFacts, makingFacts, type MakingFacts } from '../../src-main/export/fit-facts.ts';
import { GgufType, type GgufEntry, type GgufScalar, type GgufTypeId } from '../../src-main/gguf/gguf.ts';
import { ggufEntry } from '../../src-main/gguf/writer.ts';
import { inspect } from '../../src-main/models/inspect.ts';
import { writeTextModel, writeVisionModel, type TextModelSpec } from './small-models.ts';

/** Files as a fit leaves them behind, without the fit: everything that a header says. */

type Value = GgufScalar | readonly GgufScalar[];

const { string, uint32, uint64, float32, float64 } = GgufType;

const FACTS: Readonly<Record<string, readonly [GgufTypeId, Value]>> = {
  'luq.version': [uint32, 1],
  'luq.made_with.snug': [string, '0.1.0'],
  'luq.made_with.llama_cpp': [string, 'v0.4.0'],
  'luq.made_with.cpu': [string, 'haswell'],
  'luq.made_with.threads': [uint32, 4],
  'luq.source.sha256': [string, 'a'.repeat(64)],
  'luq.source.file': [string, 'Small-f16.gguf'],
  'luq.vision.file': [string, 'mmproj-Small-f16.gguf'],
  'luq.vision.sha256': [string, 'b'.repeat(64)],
  'luq.budget.bytes': [uint64, 4_294_967_297],
  'luq.budget.source': [string, 'chosen'],
  'luq.context_tokens': [uint32, 4096],
  'luq.plan.kind': [string, 'paper'],
  'luq.ordering': [string, 'entropy'],
  'luq.rungs': [string, ['Q4_K_M', 'IQ1_M']],
  'luq.low_layers': [uint32, [1]],
  'luq.layer_rungs': [string, ['Q4_K_M', 'IQ1_M']],
  'luq.order': [uint32, [1, 0]],
  'luq.entropy.bits': [float32, [2, 1]],
  'luq.entropy.clusters': [uint32, 100],
  'luq.calibration.set': [string, 'built-in'],
  'luq.calibration.set_sha256': [string, 'c'.repeat(64)],
  'luq.calibration.alpha': [float64, 0.3],
  'luq.calibration.seed': [uint32, 7],
  'luq.calibration.most_tokens': [uint32, 32_768],
  'luq.calibration.tokens': [uint32, 32_500],
  'luq.calibration.image_tokens': [uint32, 16_100],
  'luq.importance.sha256': [string, 'd'.repeat(64)],
  'luq.image_tokens.min': [uint32, 4],
  'luq.image_tokens.max': [uint32, 1024],
};

/** The entries of a fit; `changed` replaces some of them, null leaves one out. */
export function fitEntries(
  changed: Readonly<Record<string, readonly [GgufTypeId, Value] | null>> = {},
): Pick<GgufEntry, 'key' | 'raw'>[] {
  return Object.entries({ ...FACTS, ...changed }).flatMap(([key, fact]) =>
    fact === null ? [] : [ggufEntry(key, fact[0], fact[1])],
  );
}

export function writeFitted(
  folder: string,
  { changed, entries = [], ...spec }: TextModelSpec & { changed?: Parameters<typeof fitEntries>[0] } = {},
  name = 'Small-LUQ.gguf',
): { model: string; mmproj: string } {
  const model = writeTextModel(folder, { ...spec, entries: [...fitEntries(changed), ...entries] }, name);
  return { model, mmproj: writeVisionModel(folder) };
}

/** What such a file says of its fit. */
export function someFacts(folder: string, changed: Parameters<typeof fitEntries>[0] = {}): MakingFacts {
  const inspection = inspect(writeFitted(folder, { changed }).model);
  const making = makingFacts(inspection);
  if (!making) throw new Error(`it lacks something: ${JSON.stringify(fitFacts(inspection))}`);
  return making;
}

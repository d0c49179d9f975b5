import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '../src-main/engine/addon.ts';
import { assemble } from '../src-main/luq/quantize/assemble.ts';
import { Bank, fillBank } from '../src-main/luq/quantize/bank.ts';
import { readImatrix } from '../src-main/gguf/imatrix.ts';
import { mixtureOf } from '../src-main/luq/plan/mixture.ts';
import { openMetadata } from '../src-main/models/open-model.ts';
import type { Rung } from '../src-main/contract/rungs.ts';
import { fileTypeId } from '../src-main/luq/plan/rungs.ts';
import { readGguf } from '../src-main/gguf/gguf.ts';
import { run, seconds, type PeerComparison } from './measure.ts';
import type { Setting } from './setting.ts';

/** How many times as fast as llama-quantize. */
const WANTED: Partial<Record<Rung, number>> = { Q4_K_M: 4, IQ1_M: 3, IQ2_S: 2, Q2_K: 2 };

/** Snug's bank against llama-quantize: the same file, types, importance matrix and threads; and refitting against both. */
export async function benchQuantize(setting: Setting, rung: Rung): Promise<PeerComparison[]> {
  const { folder, peers, threads, model, imatrix } = setting;
  const { addon } = loadAddon();
  const source = readGguf(model);
  using metadata = await openMetadata(addon, model);
  const comparisons: PeerComparison[] = [];
  const theirOutput = join(folder, `theirs-${rung}.gguf`);
  const ourOutput = join(folder, `ours-${rung}.gguf`);
  const types = mixtureOf(addon, metadata, source.tensors, rung);
  rmSync(join(folder, rung), { recursive: true, force: true });
  const bank = new Bank(folder, rung);
  const common = { source, types, bank, threads };
  const wanted = WANTED[rung] ?? 1;
  // a machine compares Snug's quantizers with ggml's once, for seconds
  for (const type of new Set(types.values())) addon.quantizesItself(type);
  let highest = 0;
  const before = process.memoryUsage.rss();
  const ours = await seconds(async () => {
    await fillBank({
      ...common,
      addon,
      imatrix: readImatrix(imatrix),
      onProgress: () => (highest = Math.max(highest, anonymousBytes() ?? 0)),
    });
    await assemble({ ...common, output: ourOutput, fileType: fileTypeId(rung), facts: [] });
  });
  const theirs = await seconds(() =>
    run(join(peers, 'llama-quantize'), ['--imatrix', imatrix, model, theirOutput, rung, String(threads)]),
  );
  comparisons.push({
    name: `quantize and write ${rung}`,
    unit: 'MB of source per second',
    ours: source.fileBytes / 1e6 / ours,
    theirs: source.fileBytes / 1e6 / theirs,
    ratio: theirs / ours,
    wanted: `≥ ${String(wanted)}`,
    met: theirs / ours >= wanted,
    note: `anonymous memory ${(highest / 2 ** 20).toFixed(0)} MiB at most (process ${(before / 2 ** 20).toFixed(0)} MiB before), file ${(source.fileBytes / 1e9).toFixed(2)} GB`,
  });
  const refit = await seconds(() =>
    assemble({ ...common, output: ourOutput, fileType: fileTypeId(rung), facts: [] }),
  );
  comparisons.push({
    name: `refit from the bank instead of quantizing ${rung} again`,
    unit: 'seconds',
    ours: refit,
    theirs: ours,
    ratio: refit / ours,
    wanted: '≤ 0.1',
    met: refit / ours <= 0.1,
  });
  rmSync(theirOutput, { force: true });
  rmSync(ourOutput, { force: true });
  rmSync(join(folder, rung), { recursive: true, force: true });
  return comparisons;
}

/** Memory of this process that is not pages of files; only Linux tells. */
function anonymousBytes(): number | undefined {
  try {
    return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  } catch {
    return undefined;
  }
}

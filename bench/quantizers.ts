import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon } from '../src-main/engine/addon.ts';
import { tensorTypeId } from '../src-main/gguf/tensor-types.ts';
import { seededRandom } from '../src-main/luq/random.ts';
import { compareTurns, type PeerComparison, type Turn } from './measure.ts';
import type { Setting } from './setting.ts';

const TURNS = 5;
const COLUMNS = 3584;
const ROWS = 256;
/** The least ratio to ggml's quantizer that each type is meant to reach. */
const WANTED: Readonly<Record<string, number>> = {
  ...{ Q2_K: 2, Q3_K: 1.5, Q4_K: 4, Q5_K: 4, Q6_K: 1.5 },
  ...{ IQ1_S: 3, IQ1_M: 3, IQ2_XXS: 2, IQ2_XS: 2, IQ2_S: 2, IQ3_XXS: 2, IQ3_S: 2, IQ4_NL: 2, IQ4_XS: 2 },
};

/** Snug's own quantizers against those of the packaged ggml, which llama-quantize calls: processor time of the same tensor, by turns. */
export async function benchQuantizers({ folder, threads }: Setting): Promise<PeerComparison[]> {
  const { addon } = loadAddon();
  const random = seededRandom(5);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sourcePath = join(folder, 'quantizers.f32');
  const targetPath = join(folder, 'quantizers.blocks');
  const importance = Float32Array.from({ length: COLUMNS }, () => 0.1 + Math.abs(normal()));
  writeFileSync(
    sourcePath,
    Float32Array.from({ length: COLUMNS * ROWS }, () => normal() * 0.03),
  );
  const comparisons: PeerComparison[] = [];
  for (const [type, wanted] of Object.entries(WANTED)) {
    const task = {
      ...{ sourcePath, sourceOffset: 0, sourceType: tensorTypeId('F32') },
      ...{ targetPath, targetType: tensorTypeId(type), columns: COLUMNS, rows: ROWS, importance, threads },
    };
    const nanoseconds = async (onlyGgml: boolean): Promise<number> => {
      const before = process.cpuUsage();
      await addon.quantizeTensor({ ...task, onlyGgml });
      const { user, system } = process.cpuUsage(before);
      return ((user + system) * 1000) / (COLUMNS * ROWS);
    };
    // the tables of both are made at the first call
    await nanoseconds(false);
    await nanoseconds(true);
    const turns: Turn[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      turns.push({ ours: await nanoseconds(false), theirs: await nanoseconds(true) });
    }
    const claim = { name: `quantize rows to ${type}`, unit: 'ns of processor time a weight', wanted };
    comparisons.push(compareTurns('cost', claim, turns));
  }
  rmSync(sourcePath);
  rmSync(targetPath);
  return comparisons;
}

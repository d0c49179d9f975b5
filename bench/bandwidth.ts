import { compareTurns, type PeerComparison, type Turn } from './measure.ts';
import { ProductProcess } from './product-process.ts';
import type { Setting } from './setting.ts';

/** every type that Snug makes weights of */
const TYPES = [
  ...['F16', 'Q8_0', 'Q6_K', 'Q5_K', 'Q4_K', 'IQ4_XS', 'IQ4_NL', 'Q3_K', 'IQ3_S', 'IQ3_XXS'],
  ...['Q2_K', 'IQ2_S', 'IQ2_XS', 'IQ2_XXS', 'IQ1_M', 'IQ1_S'],
];
const COLUMNS = 3584;
const ROWS = 18944;
const TURNS = 5;
const BYTES = 250e6;
const SECONDS = 0.3;

/**
 * The share of the memory's bandwidth that decoding reaches with each type: bytes of weights, as they lie in memory, against as many bytes
 * that as many threads only read. By turns.
 */
export async function benchBandwidth({ threads }: Setting): Promise<PeerComparison[]> {
  using own = await ProductProcess.start('own');
  using stock = await ProductProcess.start('stock');
  const contenders = TYPES.flatMap((type) => [
    ...own.layouts
      .filter((layout) => layout.type === type)
      .map(({ wide, bits }) => ({
        ...{ type, wide, kernels: own, named: `Snug’s own kernels (${bits.toFixed(2)} bits in memory)` },
      })),
    { type, wide: false, kernels: stock, named: 'llama.cpp’s kernels' },
  ]);
  const comparisons: PeerComparison[] = [];
  for (const { type, wide, kernels, named } of contenders) {
    const product = { type, wide, columns: COLUMNS, rows: ROWS, tokens: 1, threads };
    const turns: Turn[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const theirs = await stock.read({ bytes: BYTES, seconds: SECONDS, threads });
      const { bytesPerSecond } = await kernels.product({
        ...product,
        workingSetBytes: BYTES,
        seconds: SECONDS,
      });
      turns.push({ ours: bytesPerSecond / 1e9, theirs: theirs / 1e9 });
    }
    const claim = { name: `decode ${type} with ${named}, beside reading`, unit: 'GB/s' };
    comparisons.push(compareTurns('rate', claim, turns));
  }
  return comparisons;
}

import process from 'node:process';
import { counted } from '../src-main/contract/counted.ts';
import { runnableVariants } from '../test/helpers/cpu-variants.ts';
import { compareTurns, type PeerComparison, type Turn } from './measure.ts';
import { ProductProcess, type Product } from './product-process.ts';
import type { Setting } from './setting.ts';

/** llama.cpp's builds of which each has other kernels of ours, or multiplies prompts in another way; SNUG_CPU_VARIANT takes one alone */
const VARIANTS = ['haswell', 'alderlake', 'icelake', 'sapphirerapids'].filter((name) => {
  const { SNUG_CPU_VARIANT: alone = name } = process.env;
  return name === alone;
});
/** of Qwen2.5-VL-7B: width 3584, feed-forward 18944. [columns, rows] */
const SHAPES = [
  [3584, 18944],
  [18944, 3584],
  [3584, 3584],
] as const;
/** the widest alone, as many tokens take long */
const SHAPES_OF_PROMPTS = SHAPES.slice(0, 1);
const PROMPT = 512;
/** small batches: from eight tokens on llama.cpp multiplies in another way */
const BATCHES = [4, 8, 16, 64];
const PRODUCTS = [
  ...SHAPES.map(([columns, rows]) => ({ columns, rows, tokens: 1 })),
  ...BATCHES.map((tokens) => ({ columns: 3584, rows: 3584, tokens })),
  ...SHAPES_OF_PROMPTS.map(([columns, rows]) => ({ columns, rows, tokens: PROMPT })),
];
const TURNS = 5;
const WORKING_SET_BYTES = 50e6;
const SECONDS = 0.1;
const SECONDS_OF_BATCHES = 0.03;
const SEARCHED_GRIDS = ['IQ2_XXS', 'IQ2_S', 'IQ3_XXS'];

/** What issue and decision ask of a product: the least ratio. */
function wantedOf({ type, rows, tokens }: Product, kernels: string): number {
  if (tokens > 1) return 1;
  if (SEARCHED_GRIDS.includes(type)) return 1.6;
  if (type !== 'IQ1_M') return 1;
  if (rows <= 3584) return 2;
  return kernels === 'AVX-512' ? 2.5 : 2.2;
}

/** Each product that Snug has a kernel for against llama.cpp's own, by turns, on every CPU variant that this machine runs. */
export async function benchKernels({ threads }: Setting): Promise<PeerComparison[]> {
  const comparisons: PeerComparison[] = [];
  for (const variant of runnableVariants(VARIANTS)) {
    using own = await ProductProcess.start('own', variant);
    using stock = await ProductProcess.start('stock', variant);
    for (const { type, wide, bits } of own.layouts) {
      for (const { columns, rows, tokens } of PRODUCTS) {
        const product = { type, wide, columns, rows, tokens, ...extent(tokens, threads) };
        const turns = await byTurns(own, stock, product);
        const claim = {
          name: `multiply ${type} (${bits.toFixed(2)} bits in memory) ${columns} × ${rows} with ${tokens === 1 ? 'one token' : `${tokens} tokens`}, ${counted(product.threads, 'thread')}, ${variant} (${own.kernels})`,
          unit: '10⁹ weights per second',
          wanted: wantedOf(product, own.kernels),
        };
        comparisons.push(compareTurns('rate', claim, turns));
      }
    }
  }
  return comparisons;
}

/**
 * A product with some tokens is bound by computing: one matrix does, with many of them once. With few it is over in a millisecond, and two
 * threads would measure how long one waits for a processor: one computes.
 */
function extent(tokens: number, threads: number): Pick<Product, 'threads' | 'workingSetBytes' | 'seconds'> {
  if (tokens === 1) return { threads, workingSetBytes: WORKING_SET_BYTES, seconds: SECONDS };
  return tokens < PROMPT
    ? { threads: 1, workingSetBytes: 0, seconds: SECONDS_OF_BATCHES }
    : { threads, workingSetBytes: 0, seconds: 0 };
}

async function byTurns(own: ProductProcess, stock: ProductProcess, product: Product): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const ours = await own.product(product);
    const theirs = await stock.product(product);
    turns.push({ ours: ours.weightsPerSecond / 1e9, theirs: theirs.weightsPerSecond / 1e9 });
  }
  return turns;
}

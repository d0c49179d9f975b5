import type { Compared, Comparison } from '../../../src-main/contract/comparison.ts';
import type { Divergence } from '../../../src-main/contract/fit-report.ts';
import { ORDERINGS } from '../../../src-main/contract/fit-request.ts';
import { orderLayers, orderTau } from '../../../src-main/luq/entropy/orders.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';

/** A comparison as `snug compare` makes one of a small model, with plausible numbers nobody measured. */

const MIB = 2 ** 20;
const LAYERS = 12;
const LAYER_MIB = { high: 8.1, low: 3.2 };
const REST_MIB = 61.4;

function divergence(meanKld: number | null, tokens = 900): Divergence {
  const scaled = (factor: number) => (meanKld === null ? null : meanKld * factor);
  return {
    tokens,
    meanKld,
    medianKld: scaled(0.4),
    p90Kld: scaled(2.4),
    p99Kld: scaled(7),
    topAgreement: meanKld === null ? 0.03 : Math.exp(-0.55 * Math.sqrt(meanKld)),
    perplexity: meanKld === null ? null : 3.21 * Math.exp(meanKld * 0.7),
    sourcePerplexity: 3.21,
    belowChance: 0.01,
    sourceKnows: true,
  };
}

export function made(change: Partial<Compared> & { kld?: number | null; mebibytes?: number }): Compared {
  const { kld = 0.1, mebibytes = 100, ...rest } = change;
  const row: Compared = {
    id: '',
    name: 'IQ3_M',
    family: 'uniform',
    importance: 'multimodal',
    ordering: null,
    lowLayers: null,
    alpha: 0.5,
    clusters: 100,
    seed: 1,
    weightsBytes: Math.round(mebibytes * MIB),
    visionBytes: 21 * MIB,
    bitsPerWeight: (mebibytes * MIB * 8) / 250e6,
    quality: {
      image: divergence(kld),
      text: divergence(kld === null ? null : kld * 1.3),
      answers: { asked: 24, same: kld === null ? 0 : Math.round(24 * Math.exp(-2 * kld)) },
    },
    tokensPerSecond: 3100 / mebibytes,
    totalBytes: Math.round((mebibytes + 150) * MIB),
    accuracy: kld === null ? 0 : 90 * Math.exp(-kld),
    running: {
      tokensPerSecond: 2900 / mebibytes,
      promptTokensPerSecond: 9000 / mebibytes,
      peakMemoryBytes: Math.round((mebibytes + 148) * MIB),
    },
    ...rest,
  };
  const id = [row.name, row.importance ?? 'none', row.alpha, row.clusters, row.seed].join(' / ');
  return { ...row, id: change.id ?? id };
}

export function comparisonOf(rows: readonly Compared[], change: Partial<Comparison> = {}): Comparison {
  return {
    version: 1,
    model: {
      name: 'Snug demo',
      sourceSha256: 'ab'.repeat(32),
      layers: LAYERS,
      parameters: 250_000_000,
      imageTokens: { min: 16, max: 36 },
    },
    rungs: { high: 'Q4_K_M', low: 'IQ1_M' },
    contextTokens: 4096,
    calibration: { importance: 'multimodal', alpha: 0.5, clusters: 100, seed: 1 },
    task: { name: 'own', metric: 'accuracy', max: 100, questions: 200 },
    entropies: [],
    orders: {},
    taus: [],
    rows: [...rows],
    machine: { cpu: 'AMD EPYC', cpuVariant: 'haswell', threads: 2, llamaCpp: 'v0.5.0' },
    ...change,
  };
}

/** What each layer costs when it is low, in nats on pictures. */
const COSTS = [0.5, 0.11, 0.06, 0.05, 0.04, 0.05, 0.07, 0.08, 0.1, 0.13, 0.16, 0.42];
const ENTROPIES = [6.02, 6.21, 6.31, 6.3, 6.33, 6.38, 6.36, 6.42, 6.44, 6.47, 6.41, 6.12];
const UNIFORM: readonly (readonly [string, number, number])[] = [
  ['Q8_0', 268, 0.0007],
  ['Q6_K', 207, 0.0031],
  ['Q4_K_M', 158.6, 0.021],
  ['IQ3_M', 131, 0.078],
  ['Q3_K_S', 126, 0.13],
  ['IQ3_XXS', 115, 0.17],
  ['Q2_K', 112, 0.31],
  ['IQ2_M', 106, 0.29],
  ['IQ2_XXS', 92, 0.74],
  ['IQ1_M', 84, 1.62],
];
/** As their formats would take it, with the rest of the model as the orders have it. */
const RIVALS: readonly (readonly [method: string, paperBits: number, layerBits: number, kld: number])[] = [
  ['GPTQ 4', 4, 4.008, 0.07],
  ['GPTQ 4 g128', 4, 4.156, 0.035],
  ['GPTQ 3', 3, 3.008, 0.41],
  ['GPTQ 3 g128', 3, 3.148, 0.21],
  ['GPTQ 2', 2, 2.007, 9.1],
  ['GPTQ 2 g128', 2, 2.141, 3.4],
  ['AWQ 4 g128', 4, 4.156, 0.041],
  ['BiLLM', 1.07, 2.62, 4.8],
];
const LAYER_WEIGHTS = 16e6;

const CLASSES = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'] as const;
const BY_BITS = ['IQ1_M', 'IQ2_XXS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_0'] as const;

/** A plan by tensor of so many layers, the larger the higher the rank. */
export function typesOf(layers: number, rank: number): Record<string, string> {
  const type = (offset: number) =>
    BY_BITS[Math.min(Math.max(rank + offset, 0), BY_BITS.length - 1)] ?? 'Q4_K';
  const inLayers = Array.from({ length: layers }, (_, layer) =>
    CLASSES.map((name, index) => {
      const isEdge = layer === 0 || layer === layers - 1;
      const offset =
        (name === 'attn_v' || name === 'attn_k' ? 2 : 0) +
        (isEdge ? 1 : 0) -
        ((layer + index) % 3 === 0 ? 1 : 0);
      return [`blk.${layer}.${name}.weight`, type(offset)] as const;
    }),
  ).flat();
  const norms = [['output_norm.weight', 'F32']] as const;
  return Object.fromEntries([
    ['token_embd.weight', type(1)],
    ...inLayers,
    ['output.weight', 'Q6_K'],
    ...norms,
  ]);
}

/** From the smallest. */
const LADDER = ['IQ1_M', 'IQ2_M', 'IQ3_M', 'Q4_K_M', 'Q6_K'] as const;
const COUNTS = [2, 4, 6, 8, 10, 12];

export function madeUp(): Comparison {
  const random = seededRandom(7);
  const noise = () => Math.exp((random() - 0.5) * 0.14);
  const orders: Record<string, number[]> = {};
  for (const ordering of ORDERINGS) {
    if (ordering === 'random') continue;
    orders[ordering] = orderLayers(ordering, { entropyBits: ENTROPIES, sensitivity: COSTS, seed: 0 });
  }
  for (const seed of [1, 2, 3]) {
    orders[`random ${seed}`] = orderLayers('random', { entropyBits: ENTROPIES, seed });
  }
  const lowRow = (ordering: string, lowLayers: number, change: Partial<Compared> = {}) => {
    const cost = (orders[ordering] ?? [])
      .slice(0, lowLayers)
      .reduce((sum, layer) => sum + (COSTS[layer] ?? 0), 0);
    const mebibytes = REST_MIB + lowLayers * LAYER_MIB.low + (LAYERS - lowLayers) * LAYER_MIB.high;
    return made({
      name: `${ordering}, ${lowLayers} layers`,
      family: 'order',
      ordering,
      lowLayers,
      mebibytes,
      kld: (0.021 + cost) * (lowLayers === LAYERS ? 1 : noise()),
      ...change,
    });
  };
  const names = Object.keys(orders);
  const rows = [
    made({ name: 'source', family: 'source', importance: null, mebibytes: 500, kld: 0 }),
    ...UNIFORM.map(([name, mebibytes, kld]) => made({ name, mebibytes, kld })),
    ...UNIFORM.map(([name, mebibytes, kld]) =>
      made({ name, mebibytes, kld: kld * 1.12 * noise(), importance: 'text-only', alpha: 0 }),
    ),
    ...names.flatMap((ordering) => COUNTS.map((lowLayers) => lowRow(ordering, lowLayers))),
    ...COUNTS.map((lowLayers, index) =>
      made({
        name: `ladder as small as ${lowLayers} layers low`,
        family: 'auto',
        layerRungs: COSTS.map((cost) => LADDER[Math.floor(9 * cost + 0.55 * (5 - index))] ?? 'Q6_K'),
        mebibytes: REST_MIB + lowLayers * LAYER_MIB.low + (LAYERS - lowLayers) * LAYER_MIB.high - 0.6,
        kld: [0.04, 0.058, 0.11, 0.21, 0.5, 1.4][index] ?? 0,
      }),
    ),
    ...COUNTS.map((lowLayers, index) =>
      made({
        name: `best as small as ${lowLayers} layers low`,
        family: 'best',
        tensorTypes: typesOf(LAYERS, 5 - index),
        mebibytes: REST_MIB + lowLayers * LAYER_MIB.low + (LAYERS - lowLayers) * LAYER_MIB.high - 0.9,
        kld: [0.028, 0.039, 0.061, 0.1, 0.17, 0.33][index] ?? 0,
      }),
    ),
    ...RIVALS.map(([method, paperBits, layerBits, kld]) =>
      made({
        name: method,
        family: 'rival',
        rival: { method, paperBits },
        layerBits,
        mebibytes: REST_MIB + (LAYERS * LAYER_WEIGHTS * layerBits) / 8 / MIB,
        kld,
        ...{ running: null, tokensPerSecond: null },
      }),
    ),
    ...[0, 0.25, 0.75, 1].map((alpha) =>
      lowRow('entropy', 6, { alpha, importance: alpha === 0 ? 'text-only' : 'multimodal' }),
    ),
    ...[25, 50, 200].map((clusters) => lowRow('entropy', 6, { clusters })),
    ...[2, 3].map((seed) => lowRow('entropy', 6, { seed })),
    made({
      name: 'source, vision encoder Q8_0',
      family: 'projector',
      importance: null,
      mebibytes: 500,
      visionBytes: 11 * MIB,
      kld: 0.0009,
    }),
  ];
  return comparisonOf(rows, {
    entropies: ENTROPIES.map((both) => ({
      both,
      standardError: 0.02,
      image: both - 0.35 - random() * 0.1,
      text: both - 0.6 + random() * 0.2,
    })),
    orders,
    taus: names.flatMap((a, i) =>
      names.slice(i + 1).map((b) => ({ a, b, tau: orderTau(orders[a] ?? [], orders[b] ?? []) })),
    ),
    rows,
  });
}

import type { PriorFigures } from './prior-figures.ts';

/**
 * Written by tools/allocation/fit-prior.ts, which says how well it fits.
 * Source: Thireus/GGUF-Tool-Suite, models/Qwen3-4B-Instruct-2507/{kld_results.csv,group0/kld_results.csv}, MIT licence, (c) 2025 Thireus.
 */
export const PRIOR: PriorFigures = {
  layers: 36,
  classes: {
    attn_q: 0.0006961,
    attn_k: 0.0008237,
    attn_v: 0.0008896,
    attn_output: 0.0008334,
    ffn_gate: 0.001576,
    ffn_up: 0.001895,
    ffn_down: 0.00219,
  },
  depth: { attention: [0.2777, -0.6287, 0.04078], ffn: [0.3181, -0.07063, 0.4139] },
  lastLayer: { attention: -0.07801, ffn: 0.2165 },
  floor: 0.000504,
  caution: { first: 4, bends: 0.7, every: 0.000252 },
  interaction: 0.4336,
  tiedEmbedding: 0.3577,
  distortion: {
    IQ1_S: 2.998,
    IQ1_M: 2.926,
    IQ2_XXS: 1.102,
    IQ2_XS: 0.7254,
    IQ2_S: 0.5558,
    Q2_K: 1,
    IQ3_XXS: 0.439,
    IQ3_S: 0.2953,
    Q3_K: 0.2936,
    IQ4_XS: 0.07631,
    IQ4_NL: 0.07412,
    Q4_K: 0.06734,
    Q5_K: 0.01921,
    Q6_K: 0.004963,
    Q8_0: 0.001377,
    Q4_0: 0.09618,
    Q4_1: 0.06926,
    Q5_0: 0.02577,
    Q5_1: 0.01938,
  },
};

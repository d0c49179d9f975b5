import { z } from 'zod';

/** llama.cpp file types that a layer may be given, by the names llama-quantize takes, those of the fewest bits per weight first. */
export const RUNGS = [
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ2_M',
  'Q2_K',
  'IQ3_XXS',
  'Q3_K_S',
  'IQ3_S',
  'IQ3_M',
  'Q3_K_M',
  'Q3_K_L',
  'IQ4_XS',
  'IQ4_NL',
  'Q4_K_S',
  'Q4_K_M',
  'Q5_K_S',
  'Q5_K_M',
  'Q6_K',
  'Q8_0',
] as const;
export type Rung = (typeof RUNGS)[number];

/** The two that a fit chooses between. */
export const rungsSchema = z.object({ high: z.enum(RUNGS), low: z.enum(RUNGS) });
export type Rungs = Readonly<z.infer<typeof rungsSchema>>;

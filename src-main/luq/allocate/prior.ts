import { isFloatType, tensorTypeName } from '../../gguf/tensor-types.ts';
import { PRIOR } from './fitted-prior.ts';
import type { PriorFigures } from './prior-figures.ts';
import type { ClassifiedTensor, TensorClass } from './tensor-class.ts';

/** What a tensor adds to the whole's divergence in a type, in nats. `type`: ggml id. */
export type CostOf = (tensor: string, type: number) => number;

/** Of tied embeddings, what their part as output matrix is worth; looking words up forgives most. Assumed, not measured. */
const OUTPUT_SHARE = 0.9;

/**
 * Nats that each tensor adds where it is stored as badly as Q2_K does on average, before anything was measured on the model: by its class
 * and its depth. Its number of weights does not count: matrices that do equal work (attn_k and attn_q, attn_v and attn_output) cost the
 * same though one has four times the weights, because what counts is the error of what they put out relative to that. So, per weight, the
 * small ones are the precious ones.
 *
 * @param tensors all that have a choice; without an output matrix, the embeddings are tied
 * @param layers of the model
 */
export function priorSensitivities(
  tensors: readonly ClassifiedTensor[],
  layers: number,
  figures: PriorFigures = PRIOR,
): Map<string, number> {
  const isTied = !tensors.some(({ name }) => name === 'output.weight');
  return new Map(
    tensors.map((tensor) => {
      const nats =
        tensor.layer === undefined ? outside(tensor, isTied, figures) : inLayer(tensor, layers, figures);
      return [tensor.name, nats];
    }),
  );
}

function outside({ name }: ClassifiedTensor, isTied: boolean, { tiedEmbedding }: PriorFigures): number {
  if (name === 'output.weight') return OUTPUT_SHARE * tiedEmbedding;
  return isTied && name === 'token_embd.weight' ? tiedEmbedding : (1 - OUTPUT_SHARE) * tiedEmbedding;
}

function inLayer({ layer = 0, of, share }: ClassifiedTensor, layers: number, figures: PriorFigures): number {
  const classes = Object.values(figures.classes);
  const usual = Math.exp(classes.reduce((sum, nats) => sum + Math.log(nats), 0) / classes.length);
  const depth = { layer, layers };
  const work =
    of.length === 0
      ? usual * byDepth('attn_v', depth, figures)
      : of.reduce((sum, one) => sum + (figures.classes[one] ?? usual) * byDepth(one, depth, figures), 0);
  // falls off by square roots
  const { first, every } = figures.caution;
  const careful = work * first ** (2 ** -layer) + every * Math.max(1, of.length);
  // a deeper model's layers do less each
  return share * careful * (figures.layers / layers);
}

function byDepth(
  one: TensorClass,
  { layer, layers }: { readonly layer: number; readonly layers: number },
  { depth, lastLayer, caution }: PriorFigures,
): number {
  const part = partOf(one);
  const smooth = depthTerms(layer, layers).reduce((sum, term, i) => sum + term * (depth[part][i] ?? 0), 0);
  return Math.exp(caution.bends * (smooth + (layer === layers - 1 ? lastLayer[part] : 0)));
}

export function partOf(one: TensorClass): 'attention' | 'ffn' {
  return one.startsWith('ffn') ? 'ffn' : 'attention';
}

/** Legendre polynomials of degrees 1 to 3 over the depth, which goes from −1 to 1. */
export function depthTerms(layer: number, layers: number): number[] {
  const x = layers > 1 ? (2 * layer) / (layers - 1) - 1 : 0;
  return [x, (3 * x * x - 1) / 2, (5 * x ** 3 - 3 * x) / 2];
}

/** Divergence that a type causes, in units of what Q2_K does; none for floats. */
export function typicalDistortion(type: number, { distortion }: PriorFigures = PRIOR): number {
  if (isFloatType(type)) return 0;
  return distortion[tensorTypeName(type)] ?? Number.NaN;
}

/** The prior alone: what is known of a model before anything was measured. */
export function priorCosts(
  sensitivities: ReadonlyMap<string, number>,
  figures: PriorFigures = PRIOR,
): CostOf {
  return (tensor, type) => (sensitivities.get(tensor) ?? Number.NaN) * typicalDistortion(type, figures);
}

/** What is taken for granted of a model before anything was measured on it. */
export interface PriorFigures {
  /** of the model that they were fitted on */
  readonly layers: number;
  /** what a run differs by when anything at all is changed in it, in nats: no part of what a tensor costs */
  readonly floor: number;
  /** k of whole = sum · exp(k · sum), both in nats: tensors together cost more than each alone */
  readonly interaction: number;
  /** nats that one matrix of the class adds in Q2_K, at a usual depth */
  readonly classes: Readonly<Record<string, number>>;
  /** of the logarithm, over the depth: factors of the Legendre polynomials of degrees 1 to 3 */
  readonly depth: { readonly attention: readonly number[]; readonly ffn: readonly number[] };
  /** added to the logarithm in the last layer */
  readonly lastLayer: { readonly attention: number; readonly ffn: number };
  readonly caution: Caution;
  /** nats that embeddings add in Q2_K which are the output matrix as well */
  readonly tiedEmbedding: number;
  /** what a type adds, in units of what Q2_K does: of whole models in one type, without the floor, as sums over their tensors */
  readonly distortion: Readonly<Record<string, number>>;
}

/** Chosen, not fitted: what is uncertain is priced higher, as bits for a small matrix are cheap and its divergence may not be. */
interface Caution {
  /**
   * Times so much in the first layer, times its square root in the second, and so on. Attention there costs up to 4 times what smooth depth
   * says, and in other families the first layers cost most of all.
   */
  readonly first: number;
  /** times so much of how cost bends with depth, here and in the last layer: another model bends another way */
  readonly bends: number;
  /** nats more for every matrix: half the floor, below which none could be measured */
  readonly every: number;
}

import { metadataNumber, type Gguf, type GgufTensor } from '../../gguf/gguf.ts';
import { tensorTypeName } from '../../gguf/tensor-types.ts';
import { implausible } from '../refusal.ts';

/** An encoder's tensors, to be compared with what the graphs of llama.cpp assume of them. */
export class Layout {
  readonly gguf: Gguf;
  readonly #tensors: ReadonlyMap<string, GgufTensor>;

  constructor(gguf: Gguf) {
    this.gguf = gguf;
    this.#tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
  }

  number(name: string): number | undefined {
    return metadataNumber(this.gguf, `clip.vision.${name}`);
  }

  shape(name: string): readonly number[] | undefined {
    return this.#tensors.get(name)?.shape;
  }

  has(name: string, expected: readonly number[]): void {
    const { shape, type } = this.#required(name);
    // a length of 1 at the end may be left out
    const trimmed = (lengths: readonly number[]) => lengths.join('×').replace(/(×1)+$/, '');
    if (trimmed(shape) !== trimmed(expected))
      throw implausible(
        this.gguf,
        `${name} has the shape ${shape.join('×')}, and must have ${expected.join('×')}`,
      );
    if (expected.length === 1) this.#storedAs(name, type, ['F32']);
  }

  /** A tensor that some of ggml's operators take in these types alone. */
  hasStored(name: string, expected: readonly number[], types: readonly string[]): void {
    this.has(name, expected);
    this.#storedAs(name, this.#required(name).type, types);
  }

  hasKernel(name: string, expected: readonly number[]): void {
    this.hasStored(name, expected, ['F32', 'F16']);
  }

  mayHave(name: string, expected: readonly number[]): void {
    if (this.#tensors.has(name)) this.has(name, expected);
  }

  mayHaveNorm(name: string, width: number): void {
    this.mayHave(`${name}.weight`, [width]);
    this.mayHave(`${name}.bias`, [width]);
  }

  refuseParts(names: readonly string[]): void {
    const wrong = names.find((name) => this.#tensors.has(name));
    if (wrong !== undefined) throw implausible(this.gguf, `an encoder of this kind has no ${wrong}`);
  }

  /** Matrices with biases, each of which takes what the one before gives; returns what the last gives. */
  chain(names: readonly string[], columns: number): number {
    let width = columns;
    for (const name of names) {
      const rows = this.shape(`${name}.weight`)?.[1] ?? 1;
      this.has(`${name}.weight`, [width, rows]);
      this.has(`${name}.bias`, [rows]);
      width = rows;
    }
    return width;
  }

  #required(name: string): GgufTensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw implausible(this.gguf, `it has no ${name}`);
    return tensor;
  }

  #storedAs(name: string, type: number, allowed: readonly string[]): void {
    const found = tensorTypeName(type);
    if (!allowed.includes(found)) throw implausible(this.gguf, `${name} is stored as ${found}`);
  }
}

/** The numbers that every encoder is made of. */
export interface EncoderShape {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly patch: number;
}

/** Throws unless the heads have whole sizes that divide by `parts`, the parts of which turn with directions of their own. */
export function checkHeads({ gguf }: Layout, { width, heads }: EncoderShape, parts: number): void {
  const size = width / heads;
  const stated = metadataNumber(gguf, 'clip.vision.attention.head_dim') ?? size;
  if (stated !== size || !Number.isInteger(size / parts))
    throw implausible(gguf, `its ${heads} heads of ${stated} values do not fit its width of ${width}`);
}

interface LayerLayout {
  readonly width: number;
  /** queries, keys and values in one matrix, which has a bias */
  readonly fused?: boolean;
  /** whether queries, keys and values must have biases */
  readonly biased?: boolean;
  /** whether llama.cpp takes files of an old converter, which call up what goes down, and the other way round */
  readonly maySwap?: boolean;
}

export function checkLayers(layout: Layout, layers: number, of: LayerLayout): void {
  for (let layer = 0; layer < layers; layer++) checkLayer(layout, `v.blk.${layer}`, of);
}

function checkLayer(layout: Layout, name: string, { width, fused, biased, maySwap }: LayerLayout): void {
  for (const norm of ['ln1', 'ln2']) layout.mayHaveNorm(`${name}.${norm}`, width);
  if (fused) {
    layout.has(`${name}.attn_qkv.weight`, [width, 3 * width]);
    layout.has(`${name}.attn_qkv.bias`, [3 * width]);
  }
  for (const part of fused ? [] : ['attn_q', 'attn_k', 'attn_v']) {
    layout.has(`${name}.${part}.weight`, [width, width]);
    if (biased) layout.has(`${name}.${part}.bias`, [width]);
    else layout.mayHave(`${name}.${part}.bias`, [width]);
  }
  layout.has(`${name}.attn_out.weight`, [width, width]);
  layout.mayHave(`${name}.attn_out.bias`, [width]);
  const shapeOf = (part: string) => layout.shape(`${name}.${part}.weight`);
  const isSwapped = maySwap && shapeOf('ffn_down')?.[0] === width;
  const [up, down] = isSwapped ? ['ffn_down', 'ffn_up'] : ['ffn_up', 'ffn_down'];
  const inner = shapeOf(up)?.[1] ?? 1;
  layout.has(`${name}.${up}.weight`, [width, inner]);
  layout.has(`${name}.${down}.weight`, [inner, width]);
  layout.mayHave(`${name}.ffn_gate.weight`, [width, inner]);
  for (const part of [up, 'ffn_gate']) layout.mayHave(`${name}.${part}.bias`, [inner]);
  layout.mayHave(`${name}.${down}.bias`, [width]);
}

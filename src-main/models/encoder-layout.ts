import type { GgufTensor } from '../gguf/gguf.ts';
import { metadataNumber } from '../gguf/gguf.ts';
import type { VisionModel } from './model-file.ts';
import { implausible } from './refusal.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';

/**
 * Refuses an encoder of Qwen2-VL's or LLaVA's kind that lacks a tensor or has one of another shape, where it is about to be opened:
 * llama.cpp takes the tensors that it finds, and its graphs end the process for the others (tools/mtmd/clip.cpp, models/qwen2vl.cpp,
 * models/llava.cpp). What the graphs don't use may be there.
 */
export function checkEncoderLayout(vision: VisionModel): void {
  const isQwen = vision.projector.startsWith('qwen2');
  if (!isQwen && vision.projector !== 'mlp') return;
  const number = (name: string) => metadataNumber(vision.gguf, `clip.vision.${name}`);
  const [width, layers, heads, patch] = [
    number('embedding_length'),
    number('block_count'),
    number('attention.head_count'),
    number('patch_size'),
  ];
  // llama.cpp says what is missing
  if (width === undefined || layers === undefined || heads === undefined || patch === undefined) return;
  const layout = new Layout(vision);
  layout.refuseParts(isQwen ? ['v.class_embd', 'v.patch_embd.bias'] : []);
  checkHeads(vision, { width, heads, isQwen });
  layout.hasKernel('v.patch_embd.weight', [patch, patch, 3, width]);
  if (isQwen) layout.hasKernel('v.patch_embd.weight.1', [patch, patch, 3, width]);
  else checkPositions(layout, { width, patch, side: number('image_size') });
  for (const name of ['v.pre_ln', 'v.post_ln']) layout.mayHaveNorm(name, width);
  for (let layer = 0; layer < layers; layer++) checkLayer(layout, `v.blk.${layer}`, { width, isQwen });
  const produced = isQwen
    ? layout.chain(['mm.0', 'mm.2'], 4 * width)
    : checkLlavaProjector(layout, width * (checkFeatureLayers(vision, layers) || 1));
  // with windows the graph goes by what the file says
  if (isQwen && (number('n_wa_pattern') ?? 0) > 0 && number('projection_dim') !== produced)
    throw implausible(
      vision.gguf,
      `its projection_dim is ${number('projection_dim')}, and it produces ${produced}`,
    );
}

class Layout {
  readonly #vision: VisionModel;
  readonly #tensors: ReadonlyMap<string, GgufTensor>;

  constructor(vision: VisionModel) {
    this.#vision = vision;
    this.#tensors = new Map(vision.gguf.tensors.map((tensor) => [tensor.name, tensor]));
  }

  shape(name: string): readonly number[] | undefined {
    return this.#tensors.get(name)?.shape;
  }

  has(name: string, expected: readonly number[]): void {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw implausible(this.#vision.gguf, `it has no ${name}`);
    const { shape, type } = tensor;
    // a length of 1 at the end may be left out
    const trimmed = (lengths: readonly number[]) => lengths.join('×').replace(/(×1)+$/, '');
    if (trimmed(shape) !== trimmed(expected))
      throw implausible(
        this.#vision.gguf,
        `${name} has the shape ${shape.join('×')}, and must have ${expected.join('×')}`,
      );
    if (expected.length === 1) this.#storedAs(name, type, ['F32']);
  }

  hasKernel(name: string, expected: readonly number[]): void {
    this.has(name, expected);
    this.#storedAs(name, this.#tensors.get(name)?.type ?? 0, ['F32', 'F16']);
  }

  #storedAs(name: string, type: number, allowed: readonly string[]): void {
    const found = tensorTypeName(type);
    if (!allowed.includes(found)) throw implausible(this.#vision.gguf, `${name} is stored as ${found}`);
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
    if (wrong !== undefined) throw implausible(this.#vision.gguf, `an encoder of this kind has no ${wrong}`);
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
}

function checkHeads(
  { gguf }: VisionModel,
  { width, heads, isQwen }: { width: number; heads: number; isQwen: boolean },
): void {
  const size = width / heads;
  const stated = metadataNumber(gguf, 'clip.vision.attention.head_dim') ?? size;
  // a quarter of each of Qwen's heads turns with every direction
  if (stated !== size || !Number.isInteger(isQwen ? size / 4 : size))
    throw implausible(gguf, `its ${heads} heads of ${stated} values do not fit its width of ${width}`);
}

function checkPositions(
  layout: Layout,
  { width, patch, side }: { width: number; patch: number; side: number | undefined },
): void {
  if (side === undefined) return;
  const classes = layout.shape('v.class_embd') ? 1 : 0;
  layout.has('v.position_embd.weight', [width, Math.floor(side / patch) ** 2 + classes]);
  layout.mayHave('v.class_embd', [width]);
  layout.mayHave('v.patch_embd.bias', [width]);
}

function checkLayer(
  layout: Layout,
  name: string,
  { width, isQwen }: { width: number; isQwen: boolean },
): void {
  for (const norm of ['ln1', 'ln2']) layout.mayHaveNorm(`${name}.${norm}`, width);
  for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_out']) {
    layout.has(`${name}.${part}.weight`, [width, width]);
    if (isQwen && part !== 'attn_out') layout.has(`${name}.${part}.bias`, [width]);
    else layout.mayHave(`${name}.${part}.bias`, [width]);
  }
  const shapeOf = (part: string) => layout.shape(`${name}.${part}.weight`);
  // files of an old converter call up what goes down, and the other way round
  const [up, down] = shapeOf('ffn_down')?.[0] === width ? ['ffn_down', 'ffn_up'] : ['ffn_up', 'ffn_down'];
  const inner = shapeOf(up)?.[1] ?? 1;
  layout.has(`${name}.${up}.weight`, [width, inner]);
  layout.has(`${name}.${down}.weight`, [inner, width]);
  layout.mayHave(`${name}.ffn_gate.weight`, [width, inner]);
  for (const part of [up, 'ffn_gate']) layout.mayHave(`${name}.${part}.bias`, [inner]);
  layout.mayHave(`${name}.${down}.bias`, [width]);
}

/** LLaVA's two matrices, or with norms between them as Yi has them. */
function checkLlavaProjector(layout: Layout, columns: number): number {
  if (!layout.shape('mm.3.weight')) return layout.chain(['mm.0', 'mm.2'], columns);
  const middle = layout.chain(['mm.0'], columns);
  const produced = layout.chain(['mm.3'], middle);
  for (const [name, width] of [
    ['mm.1', middle],
    ['mm.4', produced],
  ] as const)
    for (const part of ['weight', 'bias']) layout.has(`${name}.${part}`, [width]);
  return produced;
}

/** How many layers' outputs the projector takes beside each other; 0 for the usual one. */
function checkFeatureLayers({ gguf }: VisionModel, layers: number): number {
  const value = gguf.metadata.get('clip.vision.feature_layer')?.value;
  if (typeof value !== 'object') return 0;
  const taken = new Set(
    value
      .values()
      .map(Number)
      .filter((layer) => layer >= 0),
  );
  const deepest = Math.max(-1, ...taken);
  if (deepest > layers)
    throw implausible(gguf, `it takes the output of layer ${deepest}, and has ${layers} layers`);
  return taken.size;
}

import { SnugError } from '../contract/errors.ts';
import { visibleLine } from '../visible-text.ts';
import { checkTextModel, MOST_LAYERS } from './check-text.ts';
import { checkVisionModel } from './check-vision.ts';
import { metadataNumber, metadataString, readGguf, type Gguf, type GgufTensor } from './gguf.ts';
import { implausible } from './refusal.ts';
import { isFloatType, tensorTypeId, tensorTypeName } from './tensor-types.ts';

/**
 * What a text GGUF and an mmproj GGUF are, read from their metadata alone, and whether they belong together. Key names are
 * llama.cpp's (src/llama-arch.cpp, tools/mtmd/clip-impl.h).
 */

/** Architectures whose graph llama.cpp builds with `l_out-<layer>` nodes and whose layers LUQ can choose between. */
const SUPPORTED_ARCHITECTURES = new Set(['qwen2vl', 'qwen2', 'llama']);

/** Which text architectures an mmproj's projector was made for; a projector not listed is left to llama.cpp to judge. */
const PROJECTOR_ARCHITECTURES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'qwen2.5vl_merger': ['qwen2vl'],
    qwen2vl_merger: ['qwen2vl'],
    mlp: ['llama', 'qwen2'],
  }),
);

export interface TextModel {
  readonly path: string;
  readonly gguf: Gguf;
  readonly name: string;
  readonly architecture: string;
  readonly layers: number;
  readonly embeddingLength: number;
  readonly trainingContextTokens: number;
  readonly parameters: number;
  readonly chatTemplate: string | undefined;
  /** no output.weight: the token embeddings are used twice */
  readonly tiedOutput: boolean;
  /** the type that most weights have */
  readonly weightType: string;
}

export interface VisionModel {
  readonly path: string;
  readonly gguf: Gguf;
  readonly name: string;
  readonly projector: string;
  /** width of the embeddings it produces; must be the text model's embedding length */
  readonly projectionLength: number;
  readonly parameters: number;
}

export function isMmproj(gguf: Gguf): boolean {
  return (
    metadataString(gguf, 'general.architecture') === 'clip' ||
    metadataString(gguf, 'general.type') === 'mmproj'
  );
}

/** The layer a tensor belongs to ("blk.12.ffn_up.weight" → 12), undefined for embeddings, norms and output. */
export function layerOf(tensorName: string): number | undefined {
  const match = /^blk\.(\d+)\./.exec(tensorName);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function countParameters(tensors: readonly GgufTensor[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
}

function dominantType(tensors: readonly GgufTensor[]): string {
  const elementsByType = new Map<number, number>();
  for (const tensor of tensors) {
    if (tensor.shape.length < 2) continue;
    elementsByType.set(tensor.type, (elementsByType.get(tensor.type) ?? 0) + tensor.elements);
  }
  const [type] = [...elementsByType].sort((a, b) => b[1] - a[1])[0] ?? [tensorTypeId('F32')];
  return tensorTypeName(type);
}

/** Room for any name of a model; what is longer is no name. */
const LONGEST_NAME = 200;

function nameOf(gguf: Gguf): string {
  return visibleLine(metadataString(gguf, 'general.name') ?? 'unnamed', LONGEST_NAME);
}

function requiredNumber(gguf: Gguf, key: string): number {
  const value = metadataNumber(gguf, key);
  if (value === undefined || !(value > 0)) {
    throw new SnugError('BROKEN_GGUF', `${gguf.path} does not say its ${key}`);
  }
  return value;
}

/** Describes a text model; throws when the file is no text model or one that Snug cannot fit. */
export function readTextModel(path: string): TextModel {
  return textModel(readGguf(path));
}

/** The same of a header that was read already. */
export function textModel(gguf: Gguf): TextModel {
  const { path } = gguf;
  if (isMmproj(gguf)) {
    throw new SnugError('WRONG_PAIR', `${path} is a vision encoder (mmproj), not a text model`, {
      advice: 'Give the text model first and the mmproj with --mmproj; they may be swapped.',
    });
  }
  const architecture = metadataString(gguf, 'general.architecture') ?? '(none)';
  if (!SUPPORTED_ARCHITECTURES.has(architecture)) {
    throw new SnugError(
      'UNSUPPORTED_MODEL',
      `${path} has the architecture ${architecture}, which Snug cannot fit`,
      {
        advice: `Supported are Qwen2.5-VL (qwen2vl), LLaVA-1.5 (llama) and text models of ${[...SUPPORTED_ARCHITECTURES].join(', ')}.`,
      },
    );
  }
  if ((metadataNumber(gguf, 'split.count') ?? 1) > 1) {
    throw new SnugError('UNSUPPORTED_MODEL', `${path} is one part of a model split over several files`, {
      advice: 'Join the parts first: llama-gguf-split --merge <first part> <output>.',
    });
  }
  if ((metadataNumber(gguf, `${architecture}.expert_count`) ?? 0) > 0) {
    throw new SnugError('UNSUPPORTED_MODEL', `${path} is a mixture of experts, which Snug cannot fit yet`);
  }
  checkTextModel(gguf, architecture);
  const layers = requiredNumber(gguf, `${architecture}.block_count`);
  const inFile = new Set(
    gguf.tensors.map((tensor) => layerOf(tensor.name)).filter((layer) => layer !== undefined),
  );
  // whole numbers from 0 to layers - 1, each once
  if (inFile.size !== layers || [...inFile].some((layer) => layer >= layers)) {
    throw new SnugError('BROKEN_GGUF', `${path} says it has ${layers} layers and holds ${inFile.size}`);
  }
  return {
    path,
    gguf,
    name: nameOf(gguf),
    architecture,
    layers,
    embeddingLength: requiredNumber(gguf, `${architecture}.embedding_length`),
    trainingContextTokens: requiredNumber(gguf, `${architecture}.context_length`),
    parameters: countParameters(gguf.tensors),
    chatTemplate: metadataString(gguf, 'tokenizer.chat_template'),
    tiedOutput: !gguf.tensors.some((tensor) => tensor.name === 'output.weight'),
    weightType: dominantType(gguf.tensors),
  };
}

/** Describes a vision encoder; throws when the file is none. */
export function readVisionModel(path: string): VisionModel {
  return visionModel(readGguf(path));
}

/** The same of a header that was read already. */
export function visionModel(gguf: Gguf): VisionModel {
  const { path } = gguf;
  if (!isMmproj(gguf)) {
    throw new SnugError('WRONG_PAIR', `${path} is not a vision encoder (mmproj)`, {
      advice: 'Give the text model first and the mmproj with --mmproj; they may be swapped.',
    });
  }
  const projector =
    metadataString(gguf, 'clip.projector_type') ?? metadataString(gguf, 'clip.vision.projector_type');
  if (projector === undefined || metadataNumber(gguf, 'clip.vision.block_count') === undefined) {
    throw new SnugError('UNSUPPORTED_MODEL', `${path} has no vision encoder that Snug knows`);
  }
  const stray = gguf.tensors.find(({ name }) => (layerOf(name) ?? 0) >= MOST_LAYERS);
  if (stray) throw implausible(gguf, `it has a layer with the tensor ${stray.name}`);
  checkVisionModel(gguf, projector);
  return {
    path,
    gguf,
    name: nameOf(gguf),
    projector,
    projectionLength: requiredNumber(gguf, 'clip.vision.projection_dim'),
    parameters: countParameters(gguf.tensors),
  };
}

/** The projector's real output width: its last matrix has as many rows. LLaVA files say something else in projection_dim. */
function producedLength(vision: VisionModel): number {
  const last = vision.gguf.tensors
    .filter((tensor) => /^mm\.\d+\.weight$/.test(tensor.name) && tensor.shape.length === 2)
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .at(-1);
  return last?.shape[1] ?? vision.projectionLength;
}

/** Throws WRONG_PAIR unless the vision encoder was made for this text model, going by widths and kinds, not by names. */
export function checkPair(text: TextModel, vision: VisionModel): void {
  const architectures = PROJECTOR_ARCHITECTURES.get(vision.projector);
  const advice = 'Use the mmproj file that was published together with this model.';
  if (architectures && !architectures.includes(text.architecture)) {
    throw new SnugError(
      'WRONG_PAIR',
      `${vision.path} (projector ${vision.projector}) belongs to a ${architectures.join(' or ')} model, and ${text.path} is ${text.architecture}`,
      { advice },
    );
  }
  const produced = producedLength(vision);
  if (produced !== text.embeddingLength) {
    throw new SnugError(
      'WRONG_PAIR',
      `${vision.path} produces embeddings of width ${produced}, and ${text.path} takes ${text.embeddingLength}`,
      { advice },
    );
  }
}

/** Types a fit may start from: floats, and 8 bits at a small loss. */
export function mayBeFitted({ weightType }: Pick<TextModel, 'weightType'>): boolean {
  return weightType === 'Q8_0' || isFloatType(tensorTypeId(weightType));
}

/** Returns a warning where a source has lost a little already; throws where it has lost too much. */
export function checkSourcePrecision(text: TextModel): string | undefined {
  if (!mayBeFitted(text)) {
    throw new SnugError('ALREADY_QUANTIZED', `${text.path} is already quantized to ${text.weightType}`, {
      advice: 'Quantizing it again would lose too much. Start from the F16, BF16 or Q8_0 file of this model.',
    });
  }
  if (text.weightType !== 'Q8_0') return undefined;
  return `${text.name} is already quantized to Q8_0; the result will be a little worse than from the F16 file`;
}

import { counted } from '../contract/counted.ts';
import { basename } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { visibleLine } from '../text/visible-text.ts';
import { checkTextModel, MOST_LAYERS } from './check-text.ts';
import { checkVisionModel } from './check-vision.ts';
import { impliedEntries, withEntries } from './complete-vision.ts';
import {
  metadataNumber,
  metadataString,
  missingHeaderBytes,
  type Gguf,
  type GgufEntry,
  type GgufTensor,
  type GgufWatch,
} from '../gguf/gguf.ts';
import { hasTokens } from './marks.ts';
import { familyOfProjector, seesByItself } from './families.ts';
import { stemOf } from '../gguf/part-names.ts';
import { readWholeGguf, watchingWhole } from '../gguf/whole-gguf.ts';
import { refuseNameless, refuseOtherKinds } from './other-kinds.ts';
import { implausible } from './refusal.ts';
import { isFloatType, tensorTypeId, tensorTypeName } from '../gguf/tensor-types.ts';

/**
 * What a text GGUF and an mmproj GGUF are, read from their metadata alone, and whether they belong together. Key names are
 * llama.cpp's (src/llama-arch.cpp, tools/mtmd/clip-impl.h).
 */

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
  /** with `completed` */
  readonly gguf: Gguf;
  /** what the file should say and does not */
  readonly completed: readonly GgufEntry[];
  readonly name: string;
  readonly projector: string;
  /** width of the embeddings it produces; must be the text model's embedding length */
  readonly projectionLength: number;
  readonly parameters: number;
  /** the type that most weights have */
  readonly weightType: string;
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
/** What a model without a name is called. */
export const UNNAMED = 'unnamed';

/** MiniCPM-V's vision files have a description alone. */
function nameOf(gguf: Gguf): string {
  const name = metadataString(gguf, 'general.name') ?? metadataString(gguf, 'general.description');
  return visibleLine(name ?? UNNAMED, LONGEST_NAME);
}

function requiredNumber(gguf: Gguf, key: string): number {
  const value = metadataNumber(gguf, key);
  if (value === undefined || !(value > 0 && Number.isFinite(value))) {
    throw new SnugError('BROKEN_GGUF', `${gguf.path} does not say its ${key}`);
  }
  return value;
}

/** Reads a text model's or a vision file's headers, split or not; throws UNSUPPORTED_MODEL with what it is for any other sound GGUF. */
export function readModelFile(path: string, watch: Pick<GgufWatch, 'onEntry'> = {}): Gguf {
  const gguf = readWholeGguf(path, { ...watch, onMetadata: refuseOtherKinds });
  if (!isMmproj(gguf)) refuseNameless(gguf);
  return gguf;
}

/** `missingHeaderBytes` of a model's file or the first part of one; throws as `readModelFile` does for other kinds. */
export function missingHeader(path: string, wholeBytes: number): number | undefined {
  return missingHeaderBytes(path, wholeBytes, watchingWhole({ onMetadata: refuseOtherKinds }));
}

/** Describes a text model; throws when the file is no text model or one that Snug cannot fit. */
export function readTextModel(path: string): TextModel {
  return textModel(readModelFile(path));
}

/** The same of a header that `readModelFile` read. */
export function textModel(gguf: Gguf): TextModel {
  const { path } = gguf;
  if (isMmproj(gguf)) {
    throw new SnugError('WRONG_PAIR', `${path} is a vision file (mmproj), not a text model`, {
      advice: 'The two files may be swapped: the text model is the larger one.',
      remedies: [{ kind: 'add-vision-file' }],
    });
  }
  const architecture = metadataString(gguf, 'general.architecture') ?? '';
  checkTextModel(gguf, architecture);
  const layers = requiredNumber(gguf, `${architecture}.block_count`);
  const inFile = new Set(
    gguf.tensors.map((tensor) => layerOf(tensor.name)).filter((layer) => layer !== undefined),
  );
  // whole numbers from 0 to layers - 1, each once
  if (inFile.size !== layers || [...inFile].some((layer) => layer >= layers)) {
    throw new SnugError(
      'BROKEN_GGUF',
      `${path} says it has ${counted(layers, 'layer')} and holds ${inFile.size}`,
    );
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

/** Describes a vision file; throws when it is none. */
export function readVisionModel(path: string, watch?: Pick<GgufWatch, 'onEntry'>): VisionModel {
  return visionModel(readModelFile(path, watch));
}

/** The same of a header that `readModelFile` read. */
export function visionModel(asItIs: Gguf): VisionModel {
  const completed = impliedEntries(asItIs);
  const gguf = withEntries(asItIs, completed);
  const { path } = gguf;
  if (!isMmproj(gguf)) {
    throw new SnugError('WRONG_PAIR', `${path} is not a vision file (mmproj)`, {
      advice: 'The two files may be swapped: the text model is the larger one.',
      remedies: [{ kind: 'add-vision-file' }],
    });
  }
  if (gguf.files.length > 1) throw splitVision(gguf);
  const projector =
    metadataString(gguf, 'clip.projector_type') ?? metadataString(gguf, 'clip.vision.projector_type');
  if (projector === undefined || metadataNumber(gguf, 'clip.vision.block_count') === undefined) {
    const hears = metadataNumber(gguf, 'clip.audio.block_count') !== undefined;
    throw new SnugError(
      'UNSUPPORTED_MODEL',
      `${path} ${hears ? 'is for sound, not for pictures' : 'has no part for pictures that Snug knows'}`,
      { advice: 'Use the vision file (mmproj) that was published together with your model.' },
    );
  }
  const stray = gguf.tensors.find(({ name }) => (layerOf(name) ?? 0) >= MOST_LAYERS);
  if (stray) throw implausible(gguf, `it has a layer with the tensor ${stray.name}`);
  checkVisionModel(gguf, projector);
  return {
    path,
    gguf,
    completed,
    name: nameOf(gguf),
    projector,
    projectionLength: projectedLength(gguf, projector),
    parameters: countParameters(gguf.tensors),
    weightType: dominantType(gguf.tensors),
  };
}

/** llama.cpp's reader of vision files looks for no other parts. */
function splitVision({ path, files }: Gguf): SnugError {
  const whole = `${stemOf(path)}.gguf`;
  return new SnugError(
    'UNSUPPORTED_MODEL',
    `${path} is a vision file that is split over ${files.length} files, and llama.cpp takes it in one alone`,
    { advice: `Join its parts with llama.cpp: llama-gguf-split --merge ${basename(path)} ${whole}.` },
  );
}

/** The projector's real output width: its last matrix has as many rows. LLaVA's files state another, and MiniCPM-V's none. */
function projectedLength(gguf: Gguf, projector: string): number {
  const { tensor: named, dimension = 1 } = familyOfProjector(projector)?.projection ?? {};
  const last = gguf.tensors
    .filter(
      ({ name, shape }) => shape.length === 2 && (named ?? /^mm\.\d+\.weight$/.exec(name)?.[0]) === name,
    )
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .at(-1);
  return last?.shape[dimension] ?? requiredNumber(gguf, 'clip.vision.projection_dim');
}

/** Of a picture's token: what goes in before the first layer, and beside it what is added behind as many layers (deepstack). */
function producedLength(vision: VisionModel): number {
  const added = vision.gguf.tensors.filter(({ name }) => /^v\.deepstack\.\d+\.fc1\.weight$/.test(name));
  return vision.projectionLength * (1 + added.length);
}

function takenLength({ gguf, architecture, embeddingLength }: TextModel): number {
  return embeddingLength * (1 + (metadataNumber(gguf, `${architecture}.n_deepstack_layers`) ?? 0));
}

/** Whether a projector may be one of an architecture; one that Snug does not know may be. */
export function belongsTogether(architecture: string, projector: string): boolean {
  return familyOfProjector(projector)?.architectures.includes(architecture) ?? true;
}

/** The text models of LLaVA and others are Llamas and Qwens like any other, and only their names tell. */
const SEEING_NAME = /llava|vision|moondream|(^|[^a-z])vl([^a-z]|$)/i;

/** Whether a text model was made to see with a vision file. */
export function expectsVision({
  name,
  path,
  ...text
}: Pick<TextModel, 'architecture' | 'layers' | 'name' | 'path' | 'gguf'>): boolean {
  return seesByItself(text) || SEEING_NAME.test(name) || SEEING_NAME.test(basename(path));
}

/** Throws WRONG_PAIR unless the vision file was made for this text model, going by widths and kinds, not by names. */
export function checkPair(text: TextModel, vision: VisionModel): void {
  const { architectures, marks = [], name } = familyOfProjector(vision.projector) ?? {};
  const advice = 'Use the vision file (mmproj) that was published together with this model.';
  if (architectures && !belongsTogether(text.architecture, vision.projector)) {
    throw new SnugError(
      'WRONG_PAIR',
      `${vision.path} (projector ${vision.projector}) belongs to a ${architectures.join(' or ')} model, and ${text.path} is ${text.architecture}`,
      { advice },
    );
  }
  if (!hasTokens(text.gguf, marks)) {
    throw new SnugError(
      'WRONG_PAIR',
      `${vision.path} belongs to a ${name} model, and ${text.path} lacks its tokens for pictures (${marks.join(', ')})`,
      { advice },
    );
  }
  const produced = producedLength(vision);
  const taken = takenLength(text);
  if (produced !== taken) {
    throw new SnugError(
      'WRONG_PAIR',
      `${vision.path} produces embeddings of width ${produced}, and ${text.path} takes ${taken}`,
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

import { SnugError } from '../contract/errors.ts';
import { metadataNumber, metadataString, type Gguf, type GgufStart } from '../gguf/gguf.ts';
import { TEXT_ARCHITECTURES, WHAT_SNUG_TAKES } from './families.ts';

/**
 * Sound GGUF files that are no model which Snug can use: told from their metadata, before their tensors are looked at, so that a
 * person hears what they have rather than what else is odd about it.
 */

type Told = readonly [what: string, advice?: string];

const LORA: Told = [
  'a LoRA adapter: changes to a model, and not a model',
  'Merge it into its model with llama.cpp’s llama-export-lora, and use the result.',
];
const DIFFUSION: Told = ['a diffusion model: it makes pictures or video and does not answer'];
const SPEECH: Told = ['a speech model'];

/** Values of general.type and general.architecture that name no model. */
const OTHER_FILES: ReadonlyMap<string | undefined, Told> = new Map<string, Told>([
  ['adapter', LORA],
  [
    'imatrix',
    [
      'an importance matrix: measurements of a model, and not a model',
      'Take the model that it was made for; Snug measures what it needs by itself.',
    ],
  ],
  [
    'controlvector',
    [
      'a control vector: a direction to steer a model in, and not a model',
      'Take the model that it was made for.',
    ],
  ],
]);

/** Architectures of models that do not answer. */
const NOT_LANGUAGE: readonly (readonly [RegExp, Told])[] = [
  [/bert|-embed(ding)?$|^t5encoder$/, ['an embedding model: it turns text into numbers and does not answer']],
  [/whisper|tts$|^wavtokenizer|^kokoro|^parler|^csm|^bark/, SPEECH],
  [
    /^(flux|sd[123]|sdxl|sd3|aura|hidream|cosmos|ltxv|hyvid|wan|lumina|qwen_image|pig|chroma|z_image)/,
    DIFFUSION,
  ],
  [
    /eagle|dflash|-assistant$|medusa/,
    ['a draft model: it guesses ahead for a larger model and does not answer alone'],
  ],
];

function unsupported({ path }: { path: string }, what: string, advice = WHAT_SNUG_TAKES): SnugError {
  return new SnugError('UNSUPPORTED_MODEL', `${path} is ${what}`, { advice });
}

/** Throws where a file is neither a text model that Snug can use nor a vision file. */
export function refuseOtherKinds(start: GgufStart): void {
  const architecture = metadataString(start, 'general.architecture');
  const type = metadataString(start, 'general.type');
  const told =
    OTHER_FILES.get(type) ??
    OTHER_FILES.get(architecture) ??
    (start.metadata.has('adapter.type') ? LORA : undefined);
  if (told) throw unsupported(start, ...told);
  if (architecture === undefined || architecture === 'clip' || type === 'mmproj') return;
  const other = NOT_LANGUAGE.find(([names]) => names.test(architecture));
  if (other) throw unsupported(start, `${other[1][0]} (${architecture})`, other[1][1]);
  if (architecture === 'qwen25vl' || architecture === 'mllama')
    throw unsupported(
      start,
      `in Ollama’s own layout (${architecture}), with text model and vision file in one`,
      'Take the two files, model and mmproj, from a GGUF repository of this model.',
    );
  refuseNotYet(start, architecture);
  if (!TEXT_ARCHITECTURES.has(architecture))
    throw unsupported(start, `a model of the architecture ${architecture}, which Snug does not know`);
  refuseOfArchitecture(start, architecture);
}

/** What llama.cpp runs and Snug cannot fit yet, by the keys that say so in any architecture (src/llama-arch.cpp). */
const NOT_YET: readonly (readonly [keys: readonly string[], what: string, why: string])[] = [
  [
    ['expert_count'],
    'a mixture of experts',
    'A fit measures every matrix with every token, and of these each token sees a few',
  ],
  [
    ['embedding_length_per_layer_input'],
    'a model with per-layer embeddings',
    'Most of its size is tables that every layer reads from, and a fit would not make them smaller',
  ],
  [
    ['ssm.state_size', 'ssm.inner_size', 'wkv.head_size', 'shortconv.l_cache'],
    'a model with recurrent layers',
    'They remember a conversation in a way of their own, which Snug cannot take back to an earlier question',
  ],
];

/** A known kind of model is told apart from an unknown one. */
function refuseNotYet(start: GgufStart, architecture: string): void {
  const number = (name: string) => metadataNumber(start, `${architecture}.${name}`) ?? 0;
  const kind = NOT_YET.find(([keys]) => keys.some((key) => number(key) > 0));
  if (!kind) return;
  const [, what, why] = kind;
  throw unsupported(
    start,
    `${what} (${architecture}), which Snug cannot use yet`,
    `${why}. ${WHAT_SNUG_TAKES}`,
  );
}

/** What a file of a supported architecture may be instead of a model to talk to. */
function refuseOfArchitecture(start: GgufStart, architecture: string): void {
  const number = (name: string) => metadataNumber(start, `${architecture}.${name}`) ?? 0;
  if (number('nextn_predict_layers') > 0)
    throw unsupported(
      start,
      'a model with layers that predict several tokens at once (MTP), which Snug cannot use yet',
      'Take a conversion of this model without them.',
    );
  const causal = start.metadata.get(`${architecture}.attention.causal`)?.value;
  if (number('pooling_type') > 0 || causal === false)
    throw unsupported(start, `an embedding or ranking model (${architecture}): it does not answer`);
  if (start.tensorCount === 0)
    throw unsupported(
      start,
      'a vocabulary without a model: it has no weights',
      'Take the file of this model that has its weights; it is much larger.',
    );
}

/** Throws for a file that does not say what it is, going by what its tensors are called. */
export function refuseNameless(gguf: Gguf): void {
  if (metadataString(gguf, 'general.architecture') !== undefined) return;
  const names = gguf.tensors.map(({ name }) => name);
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (
    has(
      /^(model\.diffusion_model|first_stage_model|double_blocks|joint_blocks|transformer_blocks|input_blocks)\./,
    )
  )
    throw unsupported(gguf, ...DIFFUSION);
  if (has(/\.lora_[ab]$|^lora_/i)) throw unsupported(gguf, ...LORA);
  if (has(/^(encoder|decoder)\.(conv|blocks|positional)/)) throw unsupported(gguf, ...SPEECH);
  throw unsupported(
    gguf,
    'a GGUF that does not say which kind of model it holds (it has no general.architecture)',
  );
}

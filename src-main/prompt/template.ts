import { Template } from '@huggingface/jinja';
import { SnugError } from '../contract/errors.ts';
import type { TextModel } from '../models/model-file.ts';
import { controlSpellings, PlainText } from './plain-text.ts';
import { TemplateRunner } from './template-runner.ts';
import { toTurns, type ChatMessage } from './turns.ts';

// Qwen's, for vocabularies that have its tokens, and the one LLaVA-1.5 was trained with (Vicuna v1.1), which needs none.
const CHATML =
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}" +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';
const VICUNA =
  "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] }}\n\n" +
  "{% elif message['role'] == 'user' %}USER: {{ message['content'] }}\n" +
  "{% else %}ASSISTANT: {{ message['content'] }}{{ eos_token }}\n{% endif %}{% endfor %}" +
  '{% if add_generation_prompt %}ASSISTANT:{% endif %}';

/** The longest template of a known model has 20,000 characters. */
const MOST_SOURCE_CHARACTERS = 2 ** 18;

/** Renders conversations with a model's own chat template; pictures become the engine's media marker. */
export class ChatTemplate implements Disposable {
  readonly #runner: TemplateRunner;
  readonly #marker: string;
  readonly #plain: PlainText;
  readonly #tokens: { readonly bos_token: string; readonly eos_token: string };

  constructor(
    model: Pick<TextModel, 'architecture' | 'chatTemplate' | 'path' | 'gguf'>,
    mediaMarker: string,
    milliseconds?: number,
  ) {
    const spellings = controlSpellings(model.gguf);
    const source = templateSource(model, spellings);
    if (source === undefined) throw noTemplate(model.path);
    try {
      if (source.length > MOST_SOURCE_CHARACTERS) throw new Error('it is too long');
      new Template(source);
    } catch (error) {
      throw new SnugError(
        'UNSUPPORTED_MODEL',
        `the chat template of ${model.path} cannot be read: ${(error as Error).message}`,
        {
          advice: 'Choose another model, or another file of this one.',
          cause: error,
        },
      );
    }
    this.#runner = new TemplateRunner(source, milliseconds);
    this.#marker = mediaMarker;
    this.#plain = new PlainText([...(spellings ?? []), mediaMarker]);
    this.#tokens = { bos_token: tokenOf(model.gguf, 'bos'), eos_token: tokenOf(model.gguf, 'eos') };
  }

  /**
   * The prompt's text with one media marker per picture. `forAnswer` ends it where the assistant begins. What people and models said
   * stays text in it, also where it spells a control token.
   */
  render(
    messages: readonly ChatMessage[],
    options: { forAnswer: boolean; signal?: AbortSignal | undefined },
  ): Promise<string> {
    const turns = toTurns(messages).map(({ role, parts }) => ({
      role,
      parts: parts.map((part) => (part.kind === 'text' ? { ...part, text: this.plain(part.text) } : part)),
    }));
    const variables = { add_generation_prompt: options.forAnswer, ...this.#tokens };
    return this.#runner.render({ turns, mediaMarker: this.#marker, variables }, options.signal);
  }

  /** A text in which nothing is a control token or a picture, to be put behind a rendered prompt. */
  plain(text: string): string {
    return this.#plain.mark(text);
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }
}

/** The Jinja template that conversations with a model are written with; undefined where nothing says how that is done. */
export function templateSource(
  { architecture, chatTemplate, gguf }: Pick<TextModel, 'architecture' | 'chatTemplate' | 'gguf'>,
  spellings = controlSpellings(gguf),
): string | undefined {
  if (chatTemplate?.trim()) return chatTemplate;
  if (['<|im_start|>', '<|im_end|>'].every((token) => spellings?.includes(token))) return CHATML;
  if (architecture === 'llama') return VICUNA;
  return spellings === undefined ? CHATML : undefined;
}

function noTemplate(path: string): SnugError {
  return new SnugError('UNSUPPORTED_MODEL', `${path} doesn't say how a conversation with it is written`, {
    advice:
      'It has no chat template, so it may not be made for conversations. Choose another file of this model.',
  });
}

/** The spelling of the token that begins or ends a text; empty where the file names none. */
function tokenOf(gguf: TextModel['gguf'], name: 'bos' | 'eos'): string {
  const id = gguf.metadata.get(`tokenizer.ggml.${name}_token_id`)?.value;
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens')?.value;
  if (typeof id !== 'number' || typeof tokens !== 'object') return '';
  return String(tokens.values()[id] ?? '');
}

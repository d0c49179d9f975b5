import { Template } from '@huggingface/jinja';
import { SnugError } from '../contract/errors.ts';
import type { TextModel } from '../models/model-file.ts';
import { TemplateRunner } from './template-runner.ts';

/** A message with its pictures before its text, as vision models are trained. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** how many pictures the message carries */
  readonly pictures?: number;
}

// For files without a template of their own: Qwen's, and the one LLaVA-1.5 was trained with (Vicuna v1.1).
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
  readonly #endToken: string;

  constructor(
    model: Pick<TextModel, 'architecture' | 'chatTemplate' | 'path' | 'gguf'>,
    mediaMarker: string,
    milliseconds?: number,
  ) {
    const source = model.chatTemplate ?? (model.architecture === 'llama' ? VICUNA : CHATML);
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
    this.#endToken = endToken(model.gguf);
  }

  /** The prompt's text with one media marker per picture. `forAnswer` ends it where the assistant begins. */
  render(
    messages: readonly ChatMessage[],
    options: { forAnswer: boolean; signal?: AbortSignal | undefined },
  ): Promise<string> {
    const content = (message: ChatMessage) =>
      // a marker typed by a person is text, not a picture
      this.#marker.repeat(message.pictures ?? 0) + message.text.replaceAll(this.#marker, '< media >');
    const variables = {
      messages: messages.map((message) => ({ role: message.role, content: content(message) })),
      add_generation_prompt: options.forAnswer,
      // the tokenizer adds BOS itself where the model wants one
      bos_token: '',
      eos_token: this.#endToken,
    };
    return this.#runner.render(variables, options.signal);
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }
}

function endToken(gguf: TextModel['gguf']): string {
  const id = gguf.metadata.get('tokenizer.ggml.eos_token_id')?.value;
  const tokens = gguf.metadata.get('tokenizer.ggml.tokens')?.value;
  if (typeof id !== 'number' || typeof tokens !== 'object') return '';
  return String(tokens.values()[id] ?? '');
}

import { PLAIN_MARK } from '../engine/plain-mark.ts';
import type { Gguf } from '../gguf/gguf.ts';

/** The types of a GGUF's tokens that no text is to be read as (llama.h, llama_token_type). */
const UNKNOWN = 2;
const CONTROL = 3;
/** What files and llama.cpp take for a control token whatever its type is (src/llama-vocab.cpp). */
const LOOKS_LIKE_CONTROL =
  /^(?:<[|｜].+[|｜]>|<(?:start|end)_of_\w+>|<\/?s>|<[be]os>|<(?:unk|pad)>|<EOT>|_<EOT>|\[(?:EOT|EOS)\]|<turn\|>|\[e~\[)$/su;

/** How a model's control tokens are spelled; undefined for a file without a vocabulary. */
export function controlSpellings({ metadata }: Pick<Gguf, 'metadata'>): string[] | undefined {
  const tokens = metadata.get('tokenizer.ggml.tokens')?.value;
  const types = metadata.get('tokenizer.ggml.token_type')?.value;
  if (typeof tokens !== 'object') return undefined;
  const typeOf = typeof types === 'object' ? types.values() : [];
  return tokens
    .values()
    .map(String)
    .filter((text, i) => typeOf[i] === UNKNOWN || typeOf[i] === CONTROL || LOOKS_LIKE_CONTROL.test(text));
}

/** Marks every one of these spellings in texts that people wrote, so that it stays text (`PLAIN_MARK`). */
export class PlainText {
  readonly #spellings: RegExp | undefined;

  constructor(spellings: readonly string[]) {
    const alternatives = [...new Set(spellings)]
      .filter(Boolean)
      .map((spelling) => spelling.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`));
    // ahead: spellings may overlap
    this.#spellings =
      alternatives.length === 0 ? undefined : new RegExp(`(?=${alternatives.join('|')}).`, 'gsu');
  }

  mark(text: string): string {
    const unmarked = text.replaceAll(PLAIN_MARK, '\uFFFD');
    return this.#spellings ? unmarked.replace(this.#spellings, `$&${PLAIN_MARK}`) : unmarked;
  }
}

/** Marks one more spelling in a text that is marked already. */
export function markSpelling(text: string, spelling: string): string {
  const [first = '', ...rest] = spelling;
  return spelling === '' ? text : text.replaceAll(spelling, () => first + PLAIN_MARK + rest.join(''));
}

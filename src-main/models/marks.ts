import type { Gguf } from '../gguf/gguf.ts';

/**
 * Whether a vocabulary has tokens of all these spellings. They are looked for among its bytes: to decode each of 150,000 tokens takes a
 * moment, and every vision file in a folder may ask.
 */
export function hasTokens({ metadata }: Pick<Gguf, 'metadata'>, spellings: readonly string[]): boolean {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (typeof tokens?.value !== 'object') return spellings.length === 0;
  const bytes = Buffer.from(tokens.raw.buffer, tokens.raw.byteOffset, tokens.raw.byteLength);
  return spellings.every((spelling) => bytes.includes(stored(spelling)));
}

/** A string as GGUF stores it: behind its length. */
function stored(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

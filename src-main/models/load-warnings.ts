import { visibleLine } from '../text/visible-text.ts';

/**
 * What llama.cpp warns of as it loads a file, for the person who uses it: what it says of the file itself, in words of ours where it is
 * known (llama-vocab.cpp, llama-model-loader.cpp, clip.cpp), else as it says it.
 */

const LONGEST_LINE = 300;
/** A file that is wrong in every token says so for each of them. */
const MOST_NOTES = 5;

/** Told of sound files too, or a line of a banner. */
const NOISE: readonly RegExp[] = [
  /^[*\s]*$/,
  /QUALITY WILL BE DEGRADED|CONSIDER REGENERATING/,
  /at minimum 1024 image tokens|try adding --image-min-tokens|more info: https/,
  /ffn up\/down are swapped/,
  // of this machine and of how Snug loads, not of the file
  /posix_fadvise|posix_madvise|mlock|mmap is not|tensor overrides to CPU|preferred buffer type/,
  /flash attention|unsupported op|op params|type = .*, ne = |report this on github|performance will be suboptimal|ref: https/,
  // corrections that make the file work as it was meant
  /removing '.*' token from EOG list|override '.*' to 'true'|attribute to USER_DEFINED/,
];

const KNOWN: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /missing pre-tokenizer type/,
    'The file does not say how its tokenizer splits text, so a general way is used. Answers may be worse than they should be: look for a newer copy of this model.',
  ],
  [
    /control-looking token/,
    'Some special tokens of the file are not marked as such. They are taken as special all the same.',
  ],
  [
    /special_e\w\w_id is not in special_eog_ids|EOG token id .* out of range/,
    'The tokenizer of the file may not know where an answer ends: answers may run on.',
  ],
  [
    /bad special token|special token .* out of vocab range/,
    'The file names special tokens that it does not have. They are left out.',
  ],
  [/empty token at index|adding \d+ dummy tokens/, 'The vocabulary of the file has gaps.'],
  [/newline token/, 'The vocabulary of the file has no line break: answers may be badly laid out.'],
  [/Mask token .*missing|Mask token missing/i, 'The vocabulary of the file lacks its mask token.'],
  [/has unused tensor/, 'The file holds weights that llama.cpp does not use.'],
  [
    /vision is known to have degraded quality/,
    'llama.cpp sees pictures less well with this model than it should.',
  ],
];

/** Notes for the person, each once. */
export function loadNotes(lines: readonly string[]): readonly string[] {
  const notes = new Set<string>();
  for (const line of lines.flatMap((one) => one.split('\n'))) {
    // the function that wrote it stands first
    const said = line.replace(/^[\w~]+:\s*/, '').trim();
    if (NOISE.some((pattern) => pattern.test(said))) continue;
    const known = KNOWN.find(([pattern]) => pattern.test(said));
    notes.add(known?.[1] ?? `llama.cpp warns of this file: ${visibleLine(said, LONGEST_LINE)}`);
  }
  return [...notes].slice(0, MOST_NOTES);
}

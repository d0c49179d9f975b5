import { describe, expect, it } from 'vitest';
import { loadNotes } from '../../../src-main/models/load-warnings.ts';

/** Lines as llama.cpp b9999 writes them. */
const NO_PRE_TOKENIZER = [
  "load: missing pre-tokenizer type, using: 'default'",
  'load:',
  'load: ************************************',
  'load: GENERATION QUALITY WILL BE DEGRADED!',
  'load: CONSIDER REGENERATING THE MODEL',
  'load: ************************************',
];

describe('what llama.cpp warns of as it loads a file', () => {
  it('a banner is one note in plain words', () => {
    expect(loadNotes(NO_PRE_TOKENIZER)).toEqual([expect.stringMatching(/how its tokenizer splits text/)]);
  });

  it('what is said of many tokens is said once', () => {
    const lines = [7, 8, 9].map(
      (id) =>
        `load: control-looking token: ${String(id).padStart(6)} '<x${id}>' was not control-type; this is probably a bug in the model. its type will be overridden`,
    );
    expect(loadNotes(lines)).toEqual([expect.stringMatching(/special tokens.*not marked/)]);
  });

  it.each([
    ['special_eos_id is not in special_eog_ids - the tokenizer config may be incorrect', /run on/],
    ["bad special token: 'tokenizer.ggml.eos_token_id' = 99, using default id 2", /does not have/],
    ['empty token at index 5', /gaps/],
    ['model has unused tensor blk.9.x (size = 8 bytes) -- ignoring', /does not use/],
  ])('%s', (line, words) => {
    expect(loadNotes([`load: ${line}`])).toEqual([expect.stringMatching(words)]);
  });

  it('what is not known is shown as it is said, without what could upset a terminal', () => {
    const [note, ...others] = loadNotes(['load: the \u001b[31mfrobnicator\u0007 is odd']);
    expect(note).toMatch(/llama\.cpp warns of this file: the .*frobnicator.* is odd/);
    expect(note).not.toMatch(/\p{Cc}/u);
    expect(others).toEqual([]);
  });

  it('a file wrong in everything does not fill the page', () => {
    expect(loadNotes(Array.from({ length: 60 }, (_, i) => `load: odd thing ${i}`))).toHaveLength(5);
  });

  it.each([
    'load_hparams: Qwen-VL models require at minimum 1024 image tokens to function correctly on grounding tasks',
    'load_hparams: if you encounter problems with accuracy, try adding --image-min-tokens 1024',
    'load_hparams: more info: https://github.com/ggml-org/llama.cpp/issues/16842',
    'warning: posix_madvise(.., POSIX_MADV_WILLNEED) failed: Invalid argument',
    "load_tensors: tensor 'token_embd.weight' (q6_K) (and 3 others) cannot be used with preferred buffer type CPU_REPACK, using CPU instead",
  ])('says nothing of the file: %s', (line) => {
    expect(loadNotes([line])).toEqual([]);
  });
});

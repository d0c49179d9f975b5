import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metadataNumber } from '../../src-main/gguf/gguf.ts';
import {
  readTextModel,
  readVisionModel,
  type TextModel,
  type VisionModel,
} from '../../src-main/models/model-file.ts';
import {
  MMPROJ,
  MODEL,
  isRight,
  percent,
  readScores,
  wishes,
  type Ladder,
  type ScoresFile,
  type TestPart,
} from './scores-file.ts';

/**
 * The model card: nothing in it is typed by hand that can be read from the files or from `scores.json`.
 * `node tools/demo-model/model-card.ts` writes it again.
 */

/** Percent of right answers that were aimed at, by skill. */
export const TARGETS: ReadonlyMap<string, number> = new Map([
  ['colour', 90],
  ['shape', 90],
  ['existence', 90],
  ['position', 90],
  ['counting', 80],
  ['chart', 80],
  ['reading', 70],
]);

/** Writes the card of the model in a folder, from its files and scores. */
export function writeCard(folder: string): void {
  writeFileSync(join(folder, 'MODEL_CARD.md'), modelCard(folder));
}

export function modelCard(folder: string): string {
  const text = readTextModel(join(folder, MODEL));
  return cardOf(readScores(folder), text, readVisionModel(join(folder, MMPROJ)));
}

function cardOf(content: ScoresFile, text: TextModel, vision: VisionModel): string {
  return `${[
    introduction(content),
    architecture(text, vision),
    data(content),
    `## Training\n\n${content.trained}.\n\nThe vision tower alone first, then tower and six text layers on conversations, then every text layer doubled\nand trained on. Code and what was learnt: \`tools/demo-model\` in Snug's repository.`,
    answers(content),
    ...(content.ladder ? [ladder(content.ladder)] : []),
    limits(),
    "## Licence\n\nMIT, as Snug itself (`LICENSE` in the repository). The weights began as random numbers; no other model's weights or outputs\nwent into them.",
  ].join('\n\n')}\n`;
}

function introduction({ samples }: ScoresFile): string {
  const answered = samples.filter(isRight).length;
  return `# Snug demo VL

A very small vision-language model in Qwen2.5-VL's architecture, made so that Snug can show and test its whole job without a
download: calibrating, choosing layers, quantizing, chatting about a picture.

**What it is:** a model of drawn pictures. It answers short English questions about a few coloured shapes, one printed word or
number, and bar charts; to anything else about a picture it is meant to say that it can't tell. Without a picture it adds,
subtracts and spells what it has learnt by heart, so that its weights have something to hold that fewer bits lose.
**What it is not:** a model for photographs, documents or conversation. Don't judge LUQ or llama.cpp by its answers, and don't
use it for anything that matters.

Of the ${samples.length} questions it comes with it answers ${answered} correctly.`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const millions = (parameters: number) => `${(parameters / 1e6).toFixed(2)} M`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function architecture(text: TextModel, vision: VisionModel): string {
  const of = (key: string) => metadataNumber(text.gguf, `${text.architecture}.${key}`) ?? '?';
  const seen = (key: string) => metadataNumber(vision.gguf, `clip.vision.${key}`) ?? '?';
  const tokens = text.gguf.metadata.get('tokenizer.ggml.tokens')?.value;
  const vocabulary = typeof tokens === 'object' ? tokens.length : '?';
  return `## Architecture

${table(
  ['', 'text model', 'vision encoder'],
  [
    ['architecture', `\`${text.architecture}\``, `\`${vision.projector}\``],
    ['layers', text.layers, seen('block_count')],
    ['width', text.embeddingLength, seen('embedding_length')],
    ['feed-forward', of('feed_forward_length'), seen('feed_forward_length')],
    [
      'heads',
      `${of('attention.head_count')}, of keys and values ${of('attention.head_count_kv')}`,
      seen('attention.head_count'),
    ],
    ['parameters', millions(text.parameters), millions(vision.parameters)],
    ['file (F16)', megabytes(text.gguf.fileBytes), megabytes(vision.gguf.fileBytes)],
  ],
)}

Vocabulary ${vocabulary} (byte-level BPE), context ${text.trainingContextTokens} tokens, M-RoPE, tied embeddings. The encoder takes patches of
${seen('patch_size')} × ${seen('patch_size')} pixels, merges 2 × 2 of them into one token and attends within windows except in every ${seen('n_wa_pattern')}nd layer.
A picture takes 16 to 36 tokens.`;
}

function data({ testSeed, whole }: ScoresFile): string {
  return `## Data

All of it is synthetic and drawn while training: shapes, words and numbers in DejaVu Sans, bar charts, blurred clutter, with
questions and answers from the same generator (\`scenes.py\`, \`smalltalk.py\`, \`knowledge.py\`). The test's pictures were never
seen in training; its questions without a picture were, as sums, words and facts are learnt by heart. No photographs, no scraped
text, nobody's data; the tokenizer's merges were learnt from the same questions and the licence texts of a Debian system. Training
streams are seeded "train …"; the held-out test has the seed "${testSeed}" (${whole.pictures} pictures and ${whole.texts} questions
without one), the samples that come with the model a third. The calibration set in \`calibration/\`, which the sidecar names, is from
the same generator with the seeds "calibration" and, for the part that is only compared on, "calibration held-out".`;
}

function judged(name: string, value: number): string {
  const target = TARGETS.get(name);
  if (target === undefined) return '';
  return value >= target ? `${target} %: reached` : `${target} %: **not reached**`;
}

function answers({ whole, quick, llamaCpp }: ScoresFile): string {
  const share = (part: TestPart, name: string) => {
    const score = name === 'all' ? part.all : part.bySkill[name];
    return score ? `${percent(score).toFixed(1)} % (${score.right}/${score.total})` : '–';
  };
  const names = ['all', ...Object.keys(whole.bySkill)];
  const rows = names.map((name) => {
    const score = name === 'all' ? whole.all : whole.bySkill[name];
    return [name, share(whole, name), judged(name, score ? percent(score) : 0), share(quick, name)];
  });
  const missed = [...TARGETS].filter(([name, target]) => {
    const score = whole.bySkill[name];
    return !score || percent(score) < target;
  });
  const verdict =
    missed.length === 0
      ? 'Every target is reached.'
      : `Not reached: ${missed.map(([name, target]) => `${name} (wanted ${target} %)`).join(', ')}.`;
  return `## Scores

Held-out questions answered correctly, word for word, greedily, the F16 files in llama.cpp ${llamaCpp}. ${verdict}

${table(['skill', 'whole test', 'target', 'quick part'], rows)}

The quick part, which the tests ask again, is the first ${quick.pictures} pictures and the first ${quick.texts} questions without one.`;
}

function ladder(measured: Ladder): string {
  const { source, steps } = measured;
  const nats = (value: number | null) => value?.toFixed(4) ?? '–';
  const rows = steps.map(({ type, bytes, image, text, whole }) => [
    type,
    megabytes(bytes),
    nats(image.meanKld),
    nats(text.meanKld),
    `${percent(whole).toFixed(1)} %`,
  ]);
  const wished = wishes(measured).map(({ wish, met }) => `- ${wish}: ${met ? 'yes' : '**no**'}`);
  return `## Quantized

All layers in one type, with Snug's importance matrix over the model's own calibration set; KL divergence from F16 in nats on that
set's held-out pictures and conversations, and right answers to the whole held-out test.

${table(['type', 'text model', 'KLD pictures', 'KLD text', 'right'], [['F16', '', '0', '0', `${percent(source).toFixed(1)} %`], ...rows])}

${wished.join('\n')}`;
}

function limits(): string {
  return `## Limits

- In pictures it knows eight colours, four shapes, fifty words, numbers to 99 and bars up to 9, and one way of drawing each.
- Without one it knows sums and differences of numbers to 30, the multiplication table to twelve, some 1,100 words to spell, 95
  capitals and 134 words each of German and French, and nothing beyond: a sum or a word that it wasn't taught is a guess.
- Larger pictures are scaled down to 36 tokens, about 168 × 168 pixels: small print is gone before it looks.
- It was never shown photographs. What it says about one is a guess or "I can't tell."
- English only, in the words it was trained with; a question put another way may be taken for a different one.`;
}

if (import.meta.main) writeCard(join(import.meta.dirname, '../../resources/demo-model'));

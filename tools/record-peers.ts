/**
 * Records what llama.cpp's own tools answer for the demo model, for the tests that compare us with them. Run it after
 * bench/peers.sh: `node tools/record-peers.ts`, or `node tools/record-peers.ts quantized` for one part of it alone, from the
 * importance matrix that is recorded. A second run on the same machine records the same bytes. A processor for
 * which ggml has another CPU variant moves the imatrix by some 1e-5, and with it the quantized tensors; the tensors depend
 * on nothing but model and imatrix. test/fixtures/peers/text.txt is the one file there that is written by hand.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describeTensors, type TensorRecord } from './peers/describe-tensors.ts';
import { recordDivergence } from './peers/divergence.ts';
import { recordFamilies } from './peers/families.ts';
import { mtmdAnswer } from './peers/mtmd.ts';
import { PICTURES } from './peers/pictures.ts';
import {
  CPU_ONLY,
  cpuVariant,
  IMATRIX,
  llamaCppTag,
  MMPROJ,
  MODEL,
  out,
  QUANTIZED_AS,
  root,
  run,
  TEXT,
  THREADS,
  tools,
  writeJson,
} from './peers/run.ts';

const ANSWER_TOKENS = 24;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function recordImatrix(): Promise<void> {
  const args = ['-m', MODEL, '-f', TEXT, '-o', IMATRIX, '-c', '512', '-b', '512', '--no-ppl'];
  const { stderr } = await run('llama-imatrix', [...args, ...CPU_ONLY]);
  const chunks = Number(/computing over (\d+) chunks/.exec(stderr)?.[1] ?? 0);
  if (chunks < 4) throw new Error(`${TEXT} makes ${chunks} chunks of 512 tokens; at least 4 are wanted`);
  console.log(`imatrix.gguf: ${chunks} chunks`);
}

async function recordQuantized(recordedOn: string): Promise<void> {
  const recorded: Record<string, TensorRecord> = {};
  const folder = mkdtempSync(join(tmpdir(), 'snug-peers-'));
  try {
    for (const fileType of QUANTIZED_AS) {
      const quantized = join(folder, `${fileType}.gguf`);
      await run('llama-quantize', ['--imatrix', IMATRIX, MODEL, quantized, fileType, THREADS]);
      recorded[fileType] = describeTensors(quantized);
      console.log(`quantized.json: ${fileType}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  writeJson('quantized.json', {
    llamaCpp: llamaCppTag(),
    // another architecture's compiler may round differently where it fuses a multiplication with an addition
    recordedOn,
    source: MODEL,
    sourceSha256: sha256(readFileSync(join(root, MODEL))),
    imatrixSha256: sha256(readFileSync(join(root, IMATRIX))),
    ...recorded,
  });
}

const QUESTIONS: readonly string[] = [
  'Hello',
  'Who are you?',
  'What can you do?',
  'Thank you',
  'What is the opposite of hot?',
  'What color is the sky?',
  'How many sides does a square have?',
  'Spell the word tree.',
];

interface Answer {
  prompt: string;
  picture: string | null;
  /** the text of the first token */
  answerStart: string;
  /** all of it, up to 24 tokens */
  answer: string;
}

async function answerFor(question: string, picture: string | null): Promise<Answer> {
  const path = picture ? join('test', 'fixtures', 'peers', picture) : undefined;
  const asked = { model: MODEL, mmproj: MMPROJ, question, picture: path };
  const answerStart = await mtmdAnswer({ ...asked, tokens: 1 });
  const answer = await mtmdAnswer({ ...asked, tokens: ANSWER_TOKENS });
  if (answerStart === '' || !answer.startsWith(answerStart)) {
    throw new Error(
      `${question}: the first token is ${JSON.stringify(answerStart)} of ${JSON.stringify(answer)}`,
    );
  }
  console.log(`first-tokens.json: ${picture ?? 'text only'}: ${question} ${answer}`);
  return { prompt: question, picture, answerStart, answer };
}

async function recordAnswers(recordedOn: string): Promise<void> {
  mkdirSync(join(out, 'pictures'), { recursive: true });
  const cases: Answer[] = [];
  for (const [i, { width, height, paper, body, question }] of PICTURES.entries()) {
    const picture = `pictures/${String(i + 1).padStart(2, '0')}.png`;
    const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`;
    const svg = `${open}<rect width="100%" height="100%" fill="${paper ?? '#ffffff'}"/>${body}</svg>`;
    await sharp(Buffer.from(svg)).removeAlpha().png().toFile(join(out, picture));
    cases.push(await answerFor(question, picture));
  }
  for (const question of QUESTIONS) cases.push(await answerFor(question, null));
  writeJson('first-tokens.json', {
    llamaCpp: llamaCppTag(),
    recordedOn,
    recordedWith:
      'llama-mtmd-cli --jinja --temp 0 on the CPU, with the chat template of the model: with -n 1 for answerStart and ' +
      `with -n ${ANSWER_TOKENS} for answer; prompts with a picture through --image and -p, prompts without one as ` +
      'the first line of its chat mode. The picture stands before the question.',
    cases,
  });
}

for (const tool of ['llama-bench', 'llama-imatrix', 'llama-quantize', 'llama-perplexity', 'llama-mtmd-cli']) {
  if (!existsSync(join(tools, tool))) {
    console.error(`.cache/peers/${tool} is missing. Run bench/peers.sh first.`);
    process.exit(1);
  }
}
const variant = await cpuVariant();
if (!variant) throw new Error('llama-bench did not say which CPU variant it loaded');
const recordedOn = `${process.platform} ${process.arch}, ${variant}`;
const parts: Readonly<Record<string, () => Promise<void>>> = {
  imatrix: recordImatrix,
  quantized: () => recordQuantized(recordedOn),
  families: () => recordFamilies(recordedOn),
  divergence: recordDivergence,
  answers: () => recordAnswers(recordedOn),
};
const [only] = process.argv.slice(2);
const asked = only === undefined ? Object.values(parts) : [parts[only]];
for (const record of asked) {
  if (!record) throw new Error(`there is ${Object.keys(parts).join(', ')}, and no ${only}`);
  await record();
}

/**
 * Records what llama.cpp's own tools answer for the demo model, for the tests that compare us with them. Run it after
 * bench/peers.sh: `node tools/record-peers.ts`, or `node tools/record-peers.ts quantized` for one part of it alone, from the
 * importance matrix that is recorded. A second run on the same machine records the same bytes. A processor for
 * which ggml has another CPU variant moves the imatrix by some 1e-5, and with it the quantized tensors; the tensors depend
 * on nothing but model and imatrix. test/fixtures/peers/text.txt is the one file there that is written by hand.
 */
import { Template } from '@huggingface/jinja';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { metadataString, readGguf } from '../src-main/gguf/gguf.ts';
import { describeTensors, type TensorRecord } from './peers/describe-tensors.ts';
import { recordDivergence } from './peers/divergence.ts';
import { recordFamilies } from './peers/families.ts';
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
  type Result,
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

const MARKER = '[the answer follows]';
const MTMD = ['-m', MODEL, '--mmproj', MMPROJ, '--no-mmproj-offload', '--temp', '0', '-c', '2048', '-v'];

/** The answer stands between the marker that llama-mtmd-cli prints for its own tests and the end that the mode has. */
function answerIn(stdout: string, end: RegExp): string {
  const start = stdout.lastIndexOf(MARKER);
  const text = start < 0 ? undefined : /^\n\n([^]*)$/.exec(stdout.slice(start + MARKER.length))?.[1];
  const length = text?.search(end) ?? -1;
  if (text === undefined || length < 0) throw new Error(`llama-mtmd-cli printed no answer:\n${stdout}`);
  return text.slice(0, length);
}

async function ask(
  question: string,
  picture: string | undefined,
  tokens: number,
  template: Template,
): Promise<string> {
  // without --jinja the template is only guessed from a list, which loses this model's system line
  const args = [...MTMD, ...CPU_ONLY, '--jinja', '-n', String(tokens)];
  const env = { MTMD_TEST_RESPONSE_MARKER: MARKER };
  let result: Result;
  let answer: string;
  if (picture) {
    result = await run('llama-mtmd-cli', [...args, '--image', picture, '-p', question], { env });
    answer = answerIn(result.stdout, /\n*$/);
  } else {
    // Without a picture there is only the chat mode. It repeats what it reads at once, in the middle of an answer, so
    // nothing is written before it asks for the next line; and it never ends at the end of its input.
    const lines = [question, '/quit'];
    const promptsSeen = (stdout: string) => stdout.split('\n> ').length - 1;
    let written = 0;
    result = await run('llama-mtmd-cli', args, {
      env,
      onOutput: (stdout, write) => {
        if (promptsSeen(stdout) > written && written < lines.length) write(`${lines[written++]}\n`);
      },
    });
    answer = answerIn(result.stdout, /\n*\n> /);
  }
  const content = `${picture ? '<__media__>' : ''}${question}`;
  const rendered = template.render({ messages: [{ role: 'user', content }], add_generation_prompt: true });
  if (!result.stderr.includes(`formatted_chat.prompt: ${rendered}\n`)) {
    throw new Error(`llama-mtmd-cli did not render the model's own chat template for: ${question}`);
  }
  return answer;
}

async function answerFor(question: string, picture: string | null, template: Template): Promise<Answer> {
  const path = picture ? join('test', 'fixtures', 'peers', picture) : undefined;
  const answerStart = await ask(question, path, 1, template);
  const answer = await ask(question, path, ANSWER_TOKENS, template);
  if (answerStart === '' || !answer.startsWith(answerStart)) {
    throw new Error(
      `${question}: the first token is ${JSON.stringify(answerStart)} of ${JSON.stringify(answer)}`,
    );
  }
  console.log(`first-tokens.json: ${picture ?? 'text only'}: ${question} ${answer}`);
  return { prompt: question, picture, answerStart, answer };
}

async function recordAnswers(recordedOn: string): Promise<void> {
  const source = metadataString(readGguf(join(root, MODEL)), 'tokenizer.chat_template');
  if (!source) throw new Error(`${MODEL} has no chat template`);
  const template = new Template(source);
  mkdirSync(join(out, 'pictures'), { recursive: true });
  const cases: Answer[] = [];
  for (const [i, { width, height, paper, body, question }] of PICTURES.entries()) {
    const picture = `pictures/${String(i + 1).padStart(2, '0')}.png`;
    const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`;
    const svg = `${open}<rect width="100%" height="100%" fill="${paper ?? '#ffffff'}"/>${body}</svg>`;
    await sharp(Buffer.from(svg)).removeAlpha().png().toFile(join(out, picture));
    cases.push(await answerFor(question, picture, template));
  }
  for (const question of QUESTIONS) cases.push(await answerFor(question, null, template));
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

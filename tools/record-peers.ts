/**
 * Records what llama.cpp's own tools answer for the demo model, for the tests that compare us with them. Run it after
 * bench/peers.sh: `node tools/record-peers.ts`. A second run on the same machine records the same bytes. A processor for
 * which ggml has another CPU variant moves the imatrix by some 1e-5, and with it the quantized tensors; the tensors depend
 * on nothing but model and imatrix. test/fixtures/peers/text.txt is the one file there that is written by hand.
 */
import { Template } from '@huggingface/jinja';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { metadataString, readGguf } from '../src-main/models/gguf.ts';
import { tensorTypeName } from '../src-main/models/tensor-types.ts';

const root = join(import.meta.dirname, '..');
const tools = join(root, '.cache', 'peers');
const out = join(root, 'test', 'fixtures', 'peers');

// Relative to the repository: llama-imatrix writes the names of its inputs into the file.
const MODEL = 'resources/demo-model/demo-vl-f16.gguf';
const MMPROJ = 'resources/demo-model/mmproj-demo-vl-f16.gguf';
const TEXT = 'test/fixtures/peers/text.txt';
const IMATRIX = 'test/fixtures/peers/imatrix.gguf';

const FILE_TYPES = ['Q4_K_M', 'IQ1_M', 'IQ2_XXS', 'Q2_K', 'Q6_K', 'Q8_0'];
const ANSWER_TOKENS = 24;
const THREADS = '2';
// `-dev none` keeps the layers off Metal and `-fit off` the context from depending on free memory
const CPU_ONLY = ['-dev', 'none', '-ngl', '0', '-fit', 'off', '-t', THREADS];
const TIMEOUT_MS = 120_000;

interface Result {
  stdout: string;
  stderr: string;
}

interface RunOptions {
  env?: Record<string, string>;
  /** sees all of stdout each time some arrives, and may write to stdin */
  onOutput?: (stdout: string, write: (text: string) => void) => void;
}

function run(tool: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(tools, tool), args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      // a session of its own, so without a terminal: llama.cpp's chat mode would draw on /dev/tty
      detached: true,
      timeout: TIMEOUT_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      options.onOutput?.(stdout, (text) => child.stdin.write(text));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ stdout, stderr });
      else
        reject(new Error(`${tool} ${args.join(' ')} ended with ${signal ?? code}:\n${stderr.slice(-2000)}`));
    });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function writeJson(name: string, value: unknown): void {
  writeFileSync(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
}

/** The tag that the tools and the libraries are built from. */
function llamaCppTag(): string {
  const [tag] = readFileSync(join(root, '.cache', 'llama.cpp', '.snug-tag'), 'utf8').split(' ');
  if (!tag) throw new Error('.cache/llama.cpp/.snug-tag is empty');
  return tag;
}

/** The platform and the one of ggml's CPU variants that runs here. */
async function thisMachine(): Promise<string> {
  const { stderr } = await run('llama-bench', ['--list-devices']);
  const variant = /loaded CPU backend from .*?([^/\n]+)\.so$/m.exec(stderr)?.[1];
  if (!variant) throw new Error(`llama-bench did not say which CPU variant it loaded:\n${stderr}`);
  return `${process.platform} ${process.arch}, ${variant}`;
}

async function recordImatrix(): Promise<void> {
  const args = ['-m', MODEL, '-f', TEXT, '-o', IMATRIX, '-c', '512', '-b', '512', '--no-ppl'];
  const { stderr } = await run('llama-imatrix', [...args, ...CPU_ONLY]);
  const chunks = Number(/computing over (\d+) chunks/.exec(stderr)?.[1] ?? 0);
  if (chunks < 4) throw new Error(`${TEXT} makes ${chunks} chunks of 512 tokens; at least 4 are wanted`);
  console.log(`imatrix.gguf: ${chunks} chunks`);
}

type TensorRecord = Record<string, { type: string; sha256: string }>;

function describeTensors(path: string): TensorRecord {
  const file = readFileSync(path);
  const tensors = readGguf(path).tensors.map(({ name, type, offset, bytes }) => {
    return [
      name,
      { type: tensorTypeName(type), sha256: sha256(file.subarray(offset, offset + bytes)) },
    ] as const;
  });
  return Object.fromEntries(tensors);
}

async function recordQuantized(recordedOn: string): Promise<void> {
  const recorded: Record<string, TensorRecord> = {};
  const folder = mkdtempSync(join(tmpdir(), 'snug-peers-'));
  try {
    for (const fileType of FILE_TYPES) {
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

/** Of Q2_K and Q4_K_M beside F16, at the second half of each chunk, as llama-perplexity takes it. */
async function recordDivergence(recordedOn: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'snug-peers-'));
  const base = join(folder, 'base.kld');
  const args = ['-f', TEXT, '-c', '512', '-b', '512', '--kl-divergence-base', base, ...CPU_ONLY];
  const number = (output: string, label: RegExp) => {
    const found = new RegExp(`${label.source}\\s*:?\\s*(-?[\\d.]+)`).exec(output)?.[1];
    if (found === undefined) throw new Error(`llama-perplexity did not print ${label.source}:\n${output}`);
    return Number(found);
  };
  try {
    await run('llama-perplexity', ['-m', MODEL, ...args]);
    const types: Record<string, unknown> = {};
    for (const fileType of ['Q4_K_M', 'Q2_K']) {
      const quantized = join(folder, `${fileType}.gguf`);
      await run('llama-quantize', ['--imatrix', IMATRIX, MODEL, quantized, fileType, THREADS]);
      const { stdout, stderr } = await run('llama-perplexity', ['-m', quantized, ...args, '--kl-divergence']);
      const printed = stdout + stderr;
      types[fileType] = {
        meanKld: number(printed, /Mean\s+KLD/),
        medianKld: number(printed, /Median\s+KLD/),
        p99Kld: number(printed, /99\.0%\s+KLD/),
        topAgreement: number(printed, /Same top p:/) / 100,
        perplexity: number(printed, /Mean PPL\(Q\)/),
        sourcePerplexity: number(printed, /Mean PPL\(base\)/),
      };
      console.log(`divergence.json: ${fileType}`);
    }
    writeJson('divergence.json', { llamaCpp: llamaCppTag(), recordedOn, chunkTokens: 512, types });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const COLOURS = {
  red: '#ff0000',
  green: '#008000',
  blue: '#0000ff',
  yellow: '#ffe000',
  purple: '#800080',
  orange: '#ff8c00',
  black: '#000000',
} as const;
type Colour = keyof typeof COLOURS;

const circle = (x: number, y: number, radius: number, colour: Colour) =>
  `<circle cx="${x}" cy="${y}" r="${radius}" fill="${COLOURS[colour]}"/>`;
const rect = (x: number, y: number, width: number, height: number, colour: Colour) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${COLOURS[colour]}"/>`;
const square = (x: number, y: number, side: number, colour: Colour) => rect(x, y, side, side, colour);
const triangle = (x: number, y: number, side: number, colour: Colour) =>
  `<polygon points="${x},${y + side} ${x + side},${y + side} ${x + side / 2},${y}" fill="${COLOURS[colour]}"/>`;

// Strokes in a box of 2 by 4: fonts are not the same on every machine.
const LETTERS: Readonly<Record<string, string>> = {
  a: 'M0 4V1L1 0L2 1V4M0 2.4H2',
  c: 'M2 0H0V4H2',
  s: 'M2 0H0V2H2V4H0',
  u: 'M0 0V4H2V0',
  n: 'M0 4V0L2 4V0',
  t: 'M0 0H2M1 0V4',
};

function word(letters: string, x: number, y: number, unit: number): string {
  const strokes = [...letters].map((letter, i) => {
    const path = LETTERS[letter];
    if (!path) throw new Error(`no strokes for the letter ${letter}`);
    return `<path d="${path}" transform="translate(${x + i * 3 * unit} ${y}) scale(${unit})"/>`;
  });
  return `<g fill="none" stroke="#000" stroke-width="0.6">${strokes.join('')}</g>`;
}

interface PictureCase {
  width: 112 | 140;
  height: 112 | 140;
  paper?: string;
  body: string;
  question: string;
}

// Questions that the model knows how to read: it was trained on short ones in American spelling. Not every answer is
// right, which does not matter here; what matters is that they differ and depend on the picture.
const PICTURES: readonly PictureCase[] = [
  { width: 112, height: 112, body: circle(56, 56, 34, 'red'), question: 'What color is the circle?' },
  { width: 140, height: 112, body: circle(70, 56, 36, 'blue'), question: 'What shape is this?' },
  { width: 140, height: 140, body: square(40, 44, 56, 'green'), question: 'What color is the square?' },
  {
    width: 112,
    height: 112,
    paper: '#d0d0ff',
    body: circle(56, 56, 34, 'yellow'),
    question: 'Describe the image.',
  },
  { width: 112, height: 112, body: triangle(26, 26, 60, 'black'), question: 'Is it red?' },
  {
    width: 112,
    height: 140,
    body: circle(36, 40, 26, 'red') + square(60, 84, 44, 'blue'),
    question: 'Is there a blue circle?',
  },
  {
    width: 140,
    height: 112,
    body: square(12, 30, 44, 'green') + triangle(80, 34, 46, 'yellow'),
    question: 'How many shapes are there?',
  },
  {
    width: 140,
    height: 140,
    body: circle(36, 36, 22, 'purple') + circle(100, 40, 22, 'purple') + circle(70, 100, 22, 'purple'),
    question: 'What color are the circles?',
  },
  {
    width: 112,
    height: 140,
    body: triangle(8, 44, 44, 'orange') + triangle(60, 44, 44, 'orange'),
    question: 'What shape is orange?',
  },
  {
    width: 140,
    height: 140,
    body: [
      square(12, 12, 40, 'red'),
      square(84, 12, 40, 'red'),
      square(12, 84, 40, 'red'),
      square(84, 84, 40, 'red'),
    ].join(''),
    question: 'How many squares are there?',
  },
  {
    width: 140,
    height: 140,
    body: rect(16, 70, 24, 58, 'red') + rect(58, 24, 24, 104, 'blue') + rect(100, 98, 24, 30, 'green'),
    question: 'How many bars are there?',
  },
  { width: 140, height: 112, body: word('cat', 20, 34, 11), question: 'What word is written?' },
];

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
const recordedOn = await thisMachine();
await recordImatrix();
await recordQuantized(recordedOn);
await recordDivergence(recordedOn);
await recordAnswers(recordedOn);

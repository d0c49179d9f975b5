import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import { ChatTemplate } from '../../src-main/prompt/template.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { isBrokenAnswer } from '../../src-main/services/fit-service.ts';
import { openMetadata, type OpenModel } from '../../src-main/models/open-model.ts';
import { seededRandom } from '../../src-main/luq/random.ts';
import { metadataNumber } from '../../src-main/gguf/gguf.ts';
import { hashFile } from '../../src-main/files/hash.ts';
import { imageLimits } from '../../src-main/models/image-limits.ts';
import { readTextModel, readVisionModel } from '../../src-main/models/model-file.ts';
import { readSidecar } from '../../src-main/models/sidecar.ts';
import { modelCard, TARGETS } from '../../tools/demo-model/model-card.ts';
import { drawPicture } from '../../tools/demo-model/recipe.ts';
import { askVqaTest } from '../../tools/demo-model/score.ts';
import {
  LADDER_TYPES,
  MMPROJ,
  MODEL,
  percent,
  pointsLost,
  quickTest,
  readScores,
} from '../../tools/demo-model/scores-file.ts';
import { demoFolder } from '../fixtures/demo.ts';
import {
  DEMO_THREADS as threads,
  demoTest as test,
  expectAsRecorded,
  expectScore,
} from '../helpers/demo-ladder.ts';
import { drawPhotograph, drawScreenshot } from '../helpers/large-pictures.ts';

// The demo model as `tools/demo-model/ship.ts` left it: the files are those that were measured, and still do what was recorded. Before
// a model is shipped, SNUG_DEMO_MODEL and SNUG_DEMO_ANSWERS name the folders that ship.ts was given instead.

const folder = process.env['SNUG_DEMO_MODEL'] ?? demoFolder;
const answersFolder =
  process.env['SNUG_DEMO_ANSWERS'] ?? join(import.meta.dirname, '..', 'fixtures', 'demo-model');
const model = join(folder, MODEL);
const mmproj = join(folder, MMPROJ);
const recorded = readScores(folder);
const torch = JSON.parse(readFileSync(join(answersFolder, 'torch-answers.json'), 'utf8')) as {
  sha256: string;
  answers: { picture: number; question: string; prompt: string; answer: string }[];
};

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'snug-demo-model-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function openChat(): Promise<ChatHost> {
  const host = new ChatHost();
  await host.open({ modelPath: model, mmprojPath: mmproj, contextTokens: 512, threads });
  return host;
}

async function ask(host: ChatHost, question: string, pictures: string[]) {
  host.session.reset();
  return host.session.send({ text: question, pictures, maxTokens: 48, temperature: 0, seed: 0 });
}

describe('the files of the demo model', () => {
  const text = readTextModel(model);
  const vision = readVisionModel(mmproj);

  it('are those whose scores and answers were recorded', async () => {
    expect(await hashFile(model)).toBe(recorded.sha256[MODEL]);
    expect(await hashFile(mmproj)).toBe(recorded.sha256[MMPROJ]);
    expect(torch.sha256).toBe(recorded.sha256[MODEL]);
  });

  it('are small enough to be kept in a repository', () => {
    for (const path of [model, mmproj]) expect(statSync(path).size).toBeLessThanOrEqual(48e6);
  });

  it("have Qwen2.5-VL's architecture, with enough layers to choose from", () => {
    expect(text).toMatchObject({ architecture: 'qwen2vl', weightType: 'F16' });
    expect(text.layers).toBeGreaterThanOrEqual(12);
    // K-quants take rows in blocks of 256
    expect(text.embeddingLength % 256).toBe(0);
    for (const { name, shape } of text.gguf.tensors) {
      if (shape.length > 1) expect((shape[0] ?? 0) % 256, name).toBe(0);
    }
    expect(vision.projector).toBe('qwen2.5vl_merger');
    expect(vision.projectionLength).toBe(text.embeddingLength);
    // every so many layers see the whole picture, the others a window of it
    const pattern = metadataNumber(vision.gguf, 'clip.vision.n_wa_pattern') ?? 0;
    expect(pattern).toBeGreaterThan(1);
    expect(metadataNumber(vision.gguf, 'clip.vision.block_count')).toBeGreaterThan(pattern);
  });

  it('say how large a picture may be and which questions they come with', () => {
    expect(imageLimits(text, undefined)).toEqual({ minTokens: 16, maxTokens: 36 });
    const asked = readSidecar(model).samples ?? [];
    expect(asked.map(({ question }) => question)).toEqual(recorded.samples.map(({ question }) => question));
    for (const { picture } of asked) if (picture) expect(statSync(picture).size).toBeGreaterThan(0);
  });

  it('have a card that says what was measured', () => {
    expect(readFileSync(join(folder, 'MODEL_CARD.md'), 'utf8')).toBe(modelCard(folder));
  });
});

describe('the answers of the demo model', () => {
  it('are right as often as was recorded', async () => {
    const { all } = recorded.quick;
    const asked = await askVqaTest({ model, mmproj, threads }, quickTest(test));
    expect(all.total).toBeGreaterThanOrEqual(200);
    expectScore(asked, all);
  });

  it.each([...TARGETS])('about %s reach %d %% of the whole held-out test', (skill, target) => {
    const score = recorded.whole.bySkill[skill];
    expect(score && percent(score)).toBeGreaterThanOrEqual(target);
  });

  it('to its own samples are those that were recorded', async () => {
    const host = await openChat();
    for (const { question, picture, said } of recorded.samples) {
      const pictures = picture === undefined ? [] : [join(folder, picture)];
      expect((await ask(host, question, pictures)).text.trim(), question).toBe(said);
    }
    host.close();
  });

  it('are the torch model’s, token for token', async () => {
    expect(torch.answers).toHaveLength(50);
    const host = await openChat();
    const others: string[] = [];
    for (const { picture, question, answer } of torch.answers) {
      const recipe = test.pictures[picture];
      if (!recipe) throw new Error(`the test has no picture ${picture}`);
      const path = join(work, `${picture}.png`);
      writeFileSync(path, await drawPicture(recipe, test.glyphs));
      const { text } = await ask(host, question, [path]);
      if (text !== answer) others.push(`${question} ${answer} ← ${text}`);
    }
    host.close();
    // llama.cpp multiplies in F16 where torch does in F32: where two tokens are as good as equal, one may win here and the other there
    expect(others.length, others.join('\n')).toBeLessThanOrEqual(1);
  });

  it('follow prompts written as they were in training', async () => {
    const marker = '<__media__>';
    using template = new ChatTemplate(readTextModel(model), marker);
    for (const { question, prompt } of torch.answers) {
      const asked = [{ role: 'user' as const, text: question, pictures: 1 }];
      const rendered = await template.render(asked, { forAnswer: true });
      // what llama.cpp puts in the marker's place
      expect(rendered.replace(marker, '<|vision_start|><|image_pad|><|vision_end|>')).toBe(prompt);
    }
  });
});

describe('the tokenizer of the demo model', () => {
  let native: OpenModel;
  beforeAll(async () => {
    native = await openMetadata(loadAddon().addon, model);
  });
  afterAll(() => native[Symbol.dispose]());

  const decoded = (ids: Int32Array) => Buffer.concat([...ids].map((id) => native.piece(id))).toString('utf8');
  const encoded = (text: string, special: boolean) => native.tokenize(text, false, special);

  it.each([
    'What color is the circle?',
    'the the  the   the\tthe',
    ' leading and trailing ',
    '\n\n\r\n\t \u00a0\u2003\u3000',
    "don't I'LL we've 12345 3.14 1,000",
    'Grüße, Élodie, naïve façade, ﬁ, e\u0301',
    '日本語の文章と漢字、한국어, 中文字符',
    'Привет, мир! שלום العربية हिन्दी',
    '😀👩‍👩‍👧‍👦🇩🇪🏳️‍🌈 1️⃣',
    '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u0000\u0001\u007f\ufeff\uffff',
    'for (let i = 0; i < 10; i++) { a[i] = "\\n"; }',
    '<|im_end|> <|image_pad|> typed by a person',
    'a'.repeat(3000),
    '',
  ])('gives back %j', (text) => {
    expect(decoded(encoded(text, false))).toBe(text);
  });

  it('gives back whatever characters come', () => {
    const random = seededRandom(7);
    const ranges = [0x80, 0x250, 0x3000, 0xd800, 0x1f700];
    for (let i = 0; i < 300; i++) {
      const length = 1 + Math.floor(random() * 40);
      const text = String.fromCodePoint(
        ...Array.from({ length }, () =>
          Math.floor(random() * (ranges[Math.floor(random() * ranges.length)] ?? 1)),
        ).map((code) => (code >= 0xd800 && code < 0xe000 ? 0x20 : code)),
      );
      expect(decoded(encoded(text, false)), JSON.stringify(text)).toBe(text);
    }
  });

  it.each([
    '<|endoftext|>',
    '<|im_start|>',
    '<|im_end|>',
    '<|vision_start|>',
    '<|vision_end|>',
    '<|image_pad|>',
  ])('takes %s as one token in a prompt and as text from a person', (special) => {
    expect(encoded(special, true)).toHaveLength(1);
    expect(encoded(special, false).length).toBeGreaterThan(1);
    expect(encoded(`a${special}b`, true)).toHaveLength(3);
  });

  it('adds nothing of its own', () => {
    expect([...native.tokenize('circle', true, true)]).toEqual([...encoded('circle', true)]);
  });
});

describe('pictures unlike those it was trained on', () => {
  it.each([
    ['a photograph', drawPhotograph],
    ['a screenshot', drawScreenshot],
  ])('%s gets short answers that end and do not loop', async (_, draw) => {
    const path = await draw(work);
    const host = await openChat();
    for (const question of [
      'What is in the image?',
      'How many shapes are there?',
      'Tell me about this photo',
    ]) {
      const { text, reason } = await ask(host, question, [path]);
      expect(isBrokenAnswer(text), text).toBe(false);
      expect(text.length, text).toBeLessThan(150);
      expect(reason, text).toBe('end');
    }
    host.close();
  });
});

describe('the demo model in fewer bits', () => {
  const { ladder } = recorded;
  if (!ladder) throw new Error(`${folder}/scores.json has no ladder`);

  it.each(['image', 'text'] as const)('is further from F16 with every type (%s)', (kind) => {
    expect(ladder.steps.map(({ type }) => type)).toEqual([...LADDER_TYPES]);
    const klds = ladder.steps.map((step) => step[kind].meanKld ?? NaN);
    klds.forEach((kld, i) => expect(kld).toBeGreaterThan(1.2 * (klds[i - 1] ?? 0)));
  });

  it('loses next to nothing at four bits and much at one', () => {
    expect(pointsLost(ladder, 'Q4_K_M')).toBeLessThanOrEqual(2);
    expect(pointsLost(ladder, 'IQ1_M')).toBeGreaterThanOrEqual(20);
  });

  it('is as far away and as right in Q4_K_M as was recorded', { timeout: 400_000 }, async () => {
    // the other types, which take longer, are in test/long/demo-ladder.test.ts
    await expectAsRecorded(folder, work, 'Q4_K_M');
  });
});

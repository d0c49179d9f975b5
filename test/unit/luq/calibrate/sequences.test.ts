import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { CalibrationSet } from '../../../../src-main/luq/calibrate/calibration-set.ts';
import {
  namedReasons,
  planSequences,
  type LeftOutFile,
} from '../../../../src-main/luq/calibrate/sequences.ts';
import { readTextModel } from '../../../../src-main/models/model-file.ts';
import type { PictureSize } from '../../../../src-main/pictures/picture-size.ts';
import { MARKER, fakeModel } from '../../../helpers/fake-model.ts';
import { writeTextModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';

async function setUp() {
  const folder = temporaryFolder();
  const picture = join(folder, 'picture.png');
  await sharp({ create: { width: 56, height: 84, channels: 3, background: 'red' } })
    .png()
    .toFile(picture);
  const words = join(folder, 'text.txt');
  writeFileSync(words, Array.from({ length: 230 }, () => 'word').join(' '));
  const set: CalibrationSet = {
    name: 'test',
    id: 'id',
    pictures: [
      {
        path: picture,
        heldOut: false,
        turns: [{ question: 'What colour is it?', answer: 'It is all red.' }],
      },
      { path: picture, heldOut: true, turns: [{ question: 'How large?', answer: 'Small.' }] },
    ],
    texts: [
      { path: words, heldOut: false },
      { path: words, heldOut: true },
    ],
    conversations: [],
  };
  const options = {
    model: fakeModel(),
    text: readTextModel(writeTextModel(folder)),
    sizeOf: (original: PictureSize) => original,
    heldOut: false,
    textTokens: 100,
    longest: 1000,
  };
  return { folder, picture, set, options };
}

describe('a picture with its question and answer', () => {
  it('is one sequence that knows which tokens are the picture and which the answer', async () => {
    const { set, options } = await setUp();
    const [sequence] = await planSequences(set, options);
    // ChatML by words: "<|im_start|>user", picture (2 × 3), "What colour is it?<|im_end|>", "<|im_start|>assistant",
    // "It is all red.<|im_end|>"
    expect(sequence).toMatchObject({
      kind: 'picture',
      tokens: 1 + 6 + 4 + 1 + 4,
      imageTokens: [{ first: 1, count: 6 }],
      answer: { first: 11, count: 4 },
    });
  });

  it('comes with its pixels when it is run', async () => {
    const { set, options } = await setUp();
    const [sequence] = await planSequences(set, options);
    const prepared = await sequence?.prepare();
    expect(prepared?.text?.split(MARKER)).toHaveLength(2);
    expect(prepared?.images?.[0]).toMatchObject({ width: 56, height: 84 });
    expect([...(prepared?.images?.[0]?.data?.subarray(0, 3) ?? [])]).toEqual([255, 0, 0]);
  });

  it('without an answer ends where the assistant would begin', async () => {
    const { picture, set, options } = await setUp();
    const own = {
      ...set,
      pictures: [{ path: picture, heldOut: false, turns: [{ question: 'What?', answer: '' }] }],
    };
    const [sequence] = await planSequences(own, options);
    expect(sequence?.answer.count).toBe(0);
    expect((await sequence?.prepare())?.text?.trimEnd()).toMatch(/assistant$/);
  });

  it('of several turns shows its picture once, and its answer is the last one', async () => {
    const { picture, set, options } = await setUp();
    const turns = [
      { question: 'What?', answer: 'Red.' },
      { question: 'Sure?', answer: 'Quite sure.' },
    ];
    const [sequence] = await planSequences(
      { ...set, pictures: [{ path: picture, heldOut: false, turns }] },
      options,
    );
    expect(sequence?.imageTokens).toHaveLength(1);
    expect(sequence?.answer.count).toBe(2);
  });

  it('is scaled down before it is counted', async () => {
    const { set, options } = await setUp();
    const [sequence] = await planSequences(set, { ...options, sizeOf: () => ({ width: 28, height: 42 }) });
    expect(sequence?.imageTokens).toEqual([{ first: 1, count: 2 }]);
  });

  it('that cannot be read is named', async () => {
    const { folder, set, options } = await setUp();
    const missing = {
      path: join(folder, 'gone.png'),
      heldOut: false,
      turns: [{ question: '?', answer: '' }],
    };
    const error = await rejected(planSequences({ ...set, pictures: [missing] }, options));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('gone.png');
  });
});

describe('a conversation without a picture', () => {
  const turns = [
    { question: 'What is one plus one?', answer: 'It is two.' },
    { question: 'And plus one?', answer: 'Three.' },
  ];

  it('is a text in the model’s own template, of which the last answer is compared', async () => {
    const { set, options } = await setUp();
    const talk = { ...set, pictures: [], texts: [], conversations: [{ heldOut: false, turns }] };
    const [sequence, ...others] = await planSequences(talk, options);
    expect(others).toEqual([]);
    // by words: "<|im_start|>user", five, "<|im_start|>assistant", three, "<|im_start|>user", three, "<|im_start|>assistant", one
    expect(sequence).toMatchObject({
      kind: 'text',
      tokens: 1 + 5 + 1 + 3 + 1 + 3 + 1 + 1,
      imageTokens: [],
      answer: { first: 14, count: 1 },
    });
    expect((await sequence?.prepare())?.text).toContain('<|im_start|>user\nWhat is one plus one?<|im_end|>');
    expect((await sequence?.ask?.())?.text).toMatch(/And plus one\?<\|im_end\|>\n<\|im_start\|>assistant\n$/);
  });

  it('is of the part that it was put in', async () => {
    const { set, options } = await setUp();
    const talk = { ...set, pictures: [], texts: [], conversations: [{ heldOut: true, turns }] };
    expect(await planSequences(talk, options)).toEqual([]);
    expect(await planSequences(talk, { ...options, heldOut: true })).toHaveLength(1);
  });

  it('is compared up to where its answer ends, not in what the template writes behind it', async () => {
    const { set, options } = await setUp();
    const template =
      "{% for message in messages %}{{ message['role'] }} {{ message['content'] }} END and so on {% endfor %}" +
      '{% if add_generation_prompt %}assistant {% endif %}';
    const text = { ...options.text, chatTemplate: template };
    const talk = { ...set, pictures: [], texts: [], conversations: [{ heldOut: false, turns }] };
    const [sequence] = await planSequences(talk, { ...options, text });
    expect(sequence?.answer.count).toBe(2);
    expect(sequence?.tokens).toBe((sequence?.answer.first ?? 0) + 1 + 2 + 3);
  });
});

describe('pictures of a person’s own folder', () => {
  const turns = [{ question: 'What?', answer: '' }];
  const own = (path: string) => ({ path, heldOut: false, isOwn: true, turns });

  /** A Mac's companion of a photograph, a file without a byte, half a picture, a long strip, one that is gone. */
  async function broken(folder: string, picture: string): Promise<string[]> {
    const names = ['._photo.jpg', 'empty.png', 'half.png', 'strip.png', 'gone.png'];
    const [companion = '', empty = '', half = '', strip = '', gone = ''] = names.map((name) =>
      join(folder, name),
    );
    writeFileSync(companion, Buffer.concat([Buffer.from([0, 5, 22, 7]), Buffer.alloc(4092)]));
    writeFileSync(empty, '');
    writeFileSync(half, readFileSync(picture).subarray(0, 60));
    await sharp({ create: { width: 400, height: 1, channels: 3, background: 'red' } }).toFile(strip);
    return [companion, empty, half, strip, gone];
  }

  it('are left out where they cannot be opened, each with its name and why', async () => {
    const { folder, picture, set, options } = await setUp();
    const bad = await broken(folder, picture);
    const pictures = [...bad, picture].map(own);
    const leftOut: LeftOutFile[] = [];
    const sequences = await planSequences(
      { ...set, pictures },
      { ...options, onLeftOut: (one) => leftOut.push(one) },
    );
    expect(sequences.filter(({ kind }) => kind === 'picture').map(({ name }) => name)).toEqual([picture]);
    expect(leftOut.map(({ path }) => path)).toEqual(bad);
    expect(leftOut[0]?.reason).toBe('._photo.jpg is not a picture that can be read');
    expect(leftOut[4]?.reason).toBe('there is no file gone.png');
    expect(namedReasons(leftOut)).toMatch(/^\._photo\.jpg is .*; empty\.png .*; half\.png .*; and 2 more$/);
  });

  it('none of which opens are a clear error', async () => {
    const { folder, picture, set, options } = await setUp();
    const pictures = (await broken(folder, picture)).slice(0, 2).map(own);
    const error = await rejected(planSequences({ ...set, pictures }, options));
    expect(error.code).toBe('NO_CALIBRATION');
    expect(error.message).toContain('empty.png is empty');
    expect(error.remedies?.map(({ kind }) => kind)).toContain('choose-calibration');
  });
});

describe('a text', () => {
  const words = Array.from({ length: 120 }, () => 'Größe').join(' ');
  const asText = async (content: Uint8Array) => {
    const { folder, set, options } = await setUp();
    const path = join(folder, 'own.txt');
    writeFileSync(path, content);
    const leftOut: LeftOutFile[] = [];
    const sequences = await planSequences(
      { ...set, pictures: [], texts: [{ path, heldOut: false, isOwn: true }] },
      { ...options, onLeftOut: (one) => leftOut.push(one) },
    );
    // the fake model's tokens are lengths of words
    return { letters: [...new Set(sequences.flatMap(({ ids }) => [...ids]))], leftOut };
  };
  const utf16 = Buffer.from(`\uFEFF${words}`, 'utf16le');

  it.each([
    ['UTF-8', Buffer.from(words)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${words}`)],
    ['UTF-16', utf16],
    ['UTF-16, the other way round', Buffer.from(utf16).swap16()],
    ['Windows-1252', Buffer.from(words, 'latin1')],
  ])('of a person may be %s', async (_, content) => {
    expect(await asText(content)).toEqual({ letters: [5], leftOut: [] });
  });

  it('of a person that is none, or is not there, is left out with its name and why', async () => {
    const { letters, leftOut } = await asText(Buffer.from([0, 5, 22, 7, 0, 2, 0, 0]));
    expect(letters).toEqual([]);
    expect(leftOut.map(({ reason }) => reason)).toEqual(['own.txt is not a text']);
    const { set, options, folder } = await setUp();
    const gone = { path: join(folder, 'gone.txt'), heldOut: false };
    await planSequences(
      { ...set, texts: [{ ...gone, isOwn: true }] },
      { ...options, onLeftOut: (one) => leftOut.push(one) },
    );
    expect(leftOut[1]?.reason).toBe('there is no file gone.txt');
    expect((await rejected(planSequences({ ...set, texts: [gone] }, options))).code).toBe('FILE');
  });

  it('is cut into pieces, and a short rest is left out', async () => {
    const { set, options } = await setUp();
    const texts = (await planSequences(set, options)).filter(({ kind }) => kind === 'text');
    expect(texts.map(({ tokens }) => tokens)).toEqual([100, 100, 30]);
    expect(texts.map(({ answer }) => answer)).toEqual([99, 99, 29].map((count) => ({ first: 0, count })));
    const longerPieces = await planSequences(set, { ...options, textTokens: 200 });
    expect(longerPieces.filter(({ kind }) => kind === 'text').map(({ tokens }) => tokens)).toEqual([200]);
  });

  it("of a person's own may be cut into more pieces than a function takes arguments", async () => {
    const { folder, set, options } = await setUp();
    const path = join(folder, 'long.txt');
    writeFileSync(path, 'word '.repeat(400_000));
    const long = { ...set, pictures: [], texts: [{ path, heldOut: false }] };
    expect(await planSequences(long, { ...options, textTokens: 2 })).toHaveLength(200_000);
  });
});

describe('the set as a model sees it', () => {
  it('is its held-out part or the rest, never both', async () => {
    const { set, options } = await setUp();
    const heldOut = await planSequences(set, { ...options, heldOut: true });
    expect(heldOut.map(({ kind }) => kind)).toEqual(['picture', 'text', 'text', 'text']);
    expect((await heldOut[0]?.prepare())?.text).toContain('How large?');
  });

  it('has no pictures for a model that cannot see', async () => {
    const { set, options } = await setUp();
    const sequences = await planSequences(set, { ...options, model: fakeModel(false) });
    expect(sequences.map(({ kind }) => kind)).toEqual(['text', 'text', 'text']);
  });

  it('leaves out what is longer than a batch', async () => {
    const { set, options } = await setUp();
    const sequences = await planSequences(set, { ...options, longest: 50 });
    expect(sequences.map(({ tokens }) => tokens)).toEqual([16, 30]);
  });
});

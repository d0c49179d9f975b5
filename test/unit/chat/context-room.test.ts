import { describe, expect, it } from 'vitest';
import {
  ContextRoom,
  type AskedQuestion,
  type PicturedMessage,
} from '../../../src-main/chat/context-room.ts';
import { PictureScale, shareRoom } from '../../../src-main/prompt/picture-scale.ts';
import type { PictureDetail } from '../../../src-main/contract/chat.ts';
import type { SnugError } from '../../../src-main/contract/errors.ts';
import type { VisionModel } from '../../../src-main/models/model-file.ts';
import type { PictureSize } from '../../../src-main/pictures/picture-size.ts';
import { fakeModel } from '../../helpers/fake-model.ts';
import { rejected } from '../../helpers/thrown.ts';

const PHOTO: PictureSize = { width: 4032, height: 3024 };
const THUMBNAIL: PictureSize = { width: 280, height: 280 };
const qwen = { projector: 'qwen2.5vl_merger', gguf: { metadata: new Map() } } as unknown as VisionModel;

const words = (count: number) => 'word '.repeat(count).trim();

interface Setting {
  readonly contextTokens?: number;
  readonly maxTokens?: number;
  readonly vision?: VisionModel | undefined;
}

/** A context of a model whose tokens are words, and whose pictures have a token for every 28 × 28 pixels. */
function room({ contextTokens = 4096, maxTokens = 4096, vision = qwen }: Setting = {}) {
  const scale = new PictureScale(fakeModel(), vision, { minTokens: 4, maxTokens });
  const made = new ContextRoom(
    { contextTokens, text: { trainingContextTokens: 32_768 } },
    scale,
    (messages, pictures) => {
      const spoken = messages.reduce((sum, { text }) => sum + text.split(/\s+/).filter(Boolean).length, 0);
      return Promise.resolve(pictures.reduce((sum, size) => sum + scale.tokens(size), spoken));
    },
  );
  const tokensOf = async (question: AskedQuestion, before: readonly PicturedMessage[] = []) => {
    const fitted = await made.fit(before, question, undefined);
    return { ...fitted, tokens: fitted.sizes.map((size) => scale.tokens(size)) };
  };
  return { made, tokensOf };
}

function question(
  pictures: readonly PictureSize[],
  detail: PictureDetail = 'usual',
  text = words(10),
  keepsAll = false,
): AskedQuestion {
  return {
    message: { role: 'user', text, pictures: pictures.length },
    pictures: pictures.map((original) => ({ original })),
    detail,
    keepsAll,
  };
}

/** A question of so many words and its answer of as many. */
const said = (count: number): PicturedMessage[] => [
  { message: { role: 'user', text: words(count) }, pictures: [] },
  { message: { role: 'assistant', text: words(count) }, pictures: [] },
];

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('a photo', () => {
  it('takes a quarter of the context, however large it is, and never more than is advised', async () => {
    expect((await room().tokensOf(question([PHOTO]))).tokens[0]).toBeGreaterThan(900);
    for (const contextTokens of [512, 1024, 4096, 8192, 32_768]) {
      const { tokens } = await room({ contextTokens }).tokensOf(question([PHOTO]));
      expect(tokens[0]).toBeLessThanOrEqual(Math.min(contextTokens / 4, 1280));
      expect(tokens[0]).toBeGreaterThan(Math.min(contextTokens / 4, 1280) * 0.7);
    }
  });

  it('takes no more than its model lets it', async () => {
    expect((await room({ maxTokens: 36 }).tokensOf(question([PHOTO], 'more'))).tokens[0]).toBeLessThanOrEqual(
      36,
    );
  });

  it('takes what is left with more detail, beside a question and an answer', async () => {
    const { tokens } = await room().tokensOf(question([PHOTO], 'more'));
    expect(tokens[0]).toBeGreaterThan(2700);
    expect(tokens[0]).toBeLessThanOrEqual(4096 * 0.75 - 10);
  });

  it('gives way to a long question', async () => {
    const { tokens } = await room().tokensOf(question([PHOTO], 'usual', words(3400)));
    expect(tokens[0]).toBeGreaterThan(300);
    expect(sum(tokens) + 3400).toBeLessThanOrEqual(4096 - 128);
  });

  it('makes no more of a small picture than there is', async () => {
    expect((await room().tokensOf(question([THUMBNAIL], 'more'))).tokens).toEqual([100]);
  });
});

describe('several pictures', () => {
  it('share the room, and what a small one leaves goes to the others', async () => {
    expect(shareRoom([500, 500, 500], 900)).toEqual([300, 300, 300]);
    expect(shareRoom([500, 100, 500], 900)).toEqual([400, 100, 400]);
    expect(shareRoom([10, 20], 900)).toEqual([10, 20]);
    expect(shareRoom([], 900)).toEqual([]);
    const { tokens } = await room().tokensOf(question([PHOTO, THUMBNAIL, PHOTO, PHOTO]));
    expect(tokens[1]).toBe(100);
    expect(tokens[0]).toBe(tokens[2]);
    expect(sum(tokens)).toBeLessThanOrEqual(2048);
    expect(sum(tokens)).toBeGreaterThan(1700);
  });

  it('all fit, as many as a message may have', async () => {
    for (const detail of ['usual', 'more'] as const) {
      const { tokens } = await room().tokensOf(
        question(
          Array.from({ length: 16 }, () => PHOTO),
          detail,
        ),
      );
      expect(tokens).toHaveLength(16);
      expect(sum(tokens)).toBeLessThanOrEqual(4096 * 0.75);
    }
  });
});

describe('in a conversation', () => {
  it('nothing is forgotten where nothing may be, and what does not fit is refused', async () => {
    const before = [...said(1000), ...said(900)];
    const whole = (text: string) => room().tokensOf(question([], 'usual', text, true), before);
    expect((await whole(words(100))).dropped).toBe(0);
    const error = await rejected(whole(words(300)));
    expect(error.code).toBe('CONTEXT_FULL');
    expect(error.message).toContain('this conversation takes 4,100 tokens');
  });

  it('a picture takes the room that is left before anything is forgotten', async () => {
    const { tokens, dropped } = await room().tokensOf(question([PHOTO]), said(1150));
    expect(dropped).toBe(0);
    expect(tokens[0]).toBeLessThanOrEqual(4096 * 0.75 - 2310);
    expect(tokens[0]).toBeGreaterThan(500);
  });

  it('the oldest messages give way once a picture would become too small', async () => {
    const before = [...said(600), ...said(800)];
    const { tokens, dropped, earlier } = await room().tokensOf(question([PHOTO]), before);
    expect(dropped).toBe(2);
    expect(earlier).toEqual(before.slice(2));
    expect(tokens[0]).toBeGreaterThan(900);
  });

  it('more detail forgets no more than usual detail would', async () => {
    const { dropped } = await room().tokensOf(question([PHOTO], 'more'), said(1150));
    expect(dropped).toBe(0);
  });

  it('a picture stays at the size at which it was sent, unless that does not fit', async () => {
    const sentAs = { width: 1400, height: 1120 };
    const again = { ...question([PHOTO]), pictures: [{ original: PHOTO, sentAs }] };
    expect((await room().tokensOf(again)).sizes).toEqual([sentAs]);
    expect(
      (await room({ contextTokens: 1024, maxTokens: 768 }).tokensOf(again)).tokens[0],
    ).toBeLessThanOrEqual(256);
  });
});

describe('what does not fit', () => {
  it('is refused with the context that would do', async () => {
    const { made } = room();
    const error = await rejected(made.fit([], question([PHOTO], 'usual', words(4000)), undefined));
    expect(error).toMatchObject({
      code: 'CONTEXT_FULL',
      remedies: [{ kind: 'set-context', tokens: 8192 }],
    } satisfies Partial<SnugError>);
  });

  it('is refused rather than scaled where pictures are to be seen in full', async () => {
    const { made } = room({ contextTokens: 2048, maxTokens: 1500 });
    const full = question([PHOTO, PHOTO], 'full');
    expect((await rejected(made.fit([], full, undefined))).code).toBe('CONTEXT_FULL');
  });

  it('is refused where the encoder scales every picture to a size of its own', async () => {
    const fixed = { projector: 'mlp', gguf: { metadata: new Map() } } as unknown as VisionModel;
    const { made } = room({ contextTokens: 128, maxTokens: 4096, vision: fixed });
    expect((await rejected(made.fit([], question([PHOTO]), undefined))).code).toBe('CONTEXT_FULL');
  });
});

import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { callNative } from '../../../src-main/engine/native-calls.ts';
import type { NativeModel } from '../../../src-main/engine/native-types.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { loadNotes } from '../../../src-main/models/load-warnings.ts';
import { DEMO_IMAGE_TOKENS, demoMmproj, demoModel, WHO_ARE_YOU } from '../../fixtures/demo.ts';
import { changedModel } from '../../helpers/changed-demo.ts';
import { openDemo } from '../../helpers/open-demo.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

// Files that llama.cpp opens without a word and that are not sound, and drives that do not do what others do.

const { addon } = loadAddon();
const folder = sharedFolder();
const MINUS_INFINITE = [0x00, 0x00, 0x80, 0xff];
const INFINITE = [0x00, 0x00, 0x80, 0x7f];
const NOT_A_NUMBER = [0x00, 0x00, 0xc0, 0x7f];

/** A copy whose tensor of F32 begins with these bytes. */
function spoiled(source: string, tensorName: string, bytes: readonly number[]): string {
  const path = join(folder, `spoiled-${tensorName}.gguf`);
  copyFileSync(source, path);
  const tensor = readGguf(source).tensors.find(({ name }) => name === tensorName);
  if (!tensor) throw new Error(`there is no ${tensorName}`);
  const fd = openSync(path, 'r+');
  writeSync(fd, Uint8Array.from(bytes), 0, 4, tensor.offset);
  closeSync(fd);
  return path;
}

async function open(path: string, mmprojPath?: string): Promise<NativeModel> {
  const { minTokens: imageMinTokens, maxTokens: imageMaxTokens } = DEMO_IMAGE_TOKENS;
  const pictures = mmprojPath === undefined ? {} : { mmprojPath, imageMinTokens, imageMaxTokens };
  return addon.openModel({ path, threads: 1, ...pictures });
}

describe('a model that computes what is no number', () => {
  it.each([
    ['not a number', NOT_A_NUMBER],
    ['infinite', INFINITE],
    ['minus infinite', MINUS_INFINITE],
  ])('(%s) says so instead of its first word', async (_, bytes) => {
    const model = await open(spoiled(demoModel, 'output_norm.weight', bytes));
    const chat = new addon.Chat(model, { contextTokens: 64, batchTokens: 64, threads: 1 });
    await chat.prompt({ text: 'Hello' });
    const words: number[] = [];
    const answer = callNative(chat.answer({ maxTokens: 20 }, ({ token }) => words.push(token)));
    expect(await rejected(answer)).toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining('not numbers') as string,
      advice: expect.stringContaining('damaged') as string,
    });
    expect(words).toEqual([]);
    chat.close();
    model.close();
  });

  it('is found out where it is calibrated with', async () => {
    const model = await open(spoiled(demoModel, 'blk.0.attn_norm.weight', NOT_A_NUMBER));
    const evaluator = new addon.Evaluator(model, { batchTokens: 8, sequences: 1, threads: 1, tap: true });
    const run = callNative(evaluator.run({ sequences: [{ tokens: Int32Array.of(1, 2, 3) }] }));
    expect(await rejected(run)).toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining('blk.0.attn_q.weight') as string,
    });
    evaluator.close();
    model.close();
  });

  it('of a picture is found out before anything is made of it', async () => {
    const model = await open(demoModel, spoiled(demoMmproj, 'v.post_ln.weight', NOT_A_NUMBER));
    const chat = new addon.Chat(model, { contextTokens: 128, batchTokens: 64, threads: 1 });
    const data = new Uint8Array(56 * 56 * 3).fill(100);
    const image = { width: 56, height: 56, data, id: 'grey' };
    const prompt = callNative(chat.prompt({ text: model.describe().mediaMarker, images: [image] }));
    expect(await rejected(prompt)).toMatchObject({
      code: 'INCOHERENT',
      message: expect.stringContaining('vision') as string,
    });
    chat.close();
    model.close();
  });
});

describe('what llama.cpp warns of', () => {
  it('in a sound model is nothing that a person is told', async () => {
    using model = await openDemo();
    expect(loadNotes(model.describe().warnings)).toEqual([]);
  });

  it('in a file without a pre-tokenizer is one note', async () => {
    const path = changedModel(folder, { without: ['tokenizer.ggml.pre'] });
    const model = await addon.openModel({ path, threads: 1, metadataOnly: true });
    expect(loadNotes(model.describe().warnings)).toEqual([
      expect.stringContaining('how its tokenizer splits text'),
    ]);
    model.close();
  });
});

it('a picture takes as many tokens without the weights as with them', async () => {
  const { minTokens: imageMinTokens, maxTokens: imageMaxTokens } = DEMO_IMAGE_TOKENS;
  const options = { path: demoModel, mmprojPath: demoMmproj, threads: 1, imageMinTokens, imageMaxTokens };
  const hollow = await addon.openModel({ ...options, metadataOnly: true });
  using whole = await openDemo();
  const { mediaMarker } = whole.describe();
  for (const [width, height] of [
    [20, 20],
    [56, 84],
    [640, 480],
    [3000, 200],
  ] as const) {
    const sequence = { text: `${mediaMarker} What is it?`, images: [{ width, height }] };
    expect(hollow.layout(sequence)).toEqual(whole.layout(sequence));
  }
  hollow.close();
});

// a drive of this kind cannot be had in a test: a library that is loaded first refuses to map models, as one does
const CC = '/usr/bin/cc';
describe.runIf(platform() === 'linux' && existsSync(CC))('a drive that lets nothing be mapped', () => {
  it('has its models read into memory, and they answer the same', () => {
    const source = join(folder, 'no-mmap.c');
    const library = join(folder, 'no-mmap.so');
    writeFileSync(
      source,
      `#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off64_t offset) {
  static void *(*real)(void *, size_t, int, int, int, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "mmap64");
  char link[64], path[4096] = "";
  if (fd >= 0) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 5 && !strcmp(path + length - 5, ".gguf")) { errno = ENODEV; return MAP_FAILED; }
  }
  return real(at, bytes, protection, flags, fd, offset);
}
void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return mmap64(at, bytes, protection, flags, fd, offset);
}
`,
    );
    execFileSync(CC, ['-shared', '-fPIC', '-o', library, source, '-ldl']);
    const child = join(import.meta.dirname, '..', '..', 'fixtures', 'unmapped-in-child.ts');
    // a sanitizer's own library has to stay the first
    const preloaded = [process.env['LD_PRELOAD'], library].filter(Boolean).join(':');
    const said = execFileSync(process.execPath, [child, demoModel], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: preloaded },
    });
    expect(JSON.parse(said)).toEqual({ mapped: false, text: WHO_ARE_YOU });
    expect(addon.canMap(demoModel)).toBe(true);
  });
});

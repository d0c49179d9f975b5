import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { DEMO_IMAGE_TOKENS, WHO_ARE_YOU, demoMmproj, demoModel, sample } from '../../fixtures/demo.ts';
import { writeQwenVl } from '../../fixtures/models.ts';
import { QWEN_72B, writeSparseQwenVl } from '../../fixtures/sparse-models.ts';
import { commandLine } from '../../helpers/command-line.ts';

// `snug chat`, in a process of its own.

const { folder, start, snug } = commandLine();

describe('chat', () => {
  const chat = (...args: string[]) => snug('chat', '--model', demoModel, '--threads', '1', ...args);

  it('answers a question about a picture as JSON', async () => {
    const { code, stdout, stderr } = await chat(
      'What color is the circle?',
      '--image',
      sample('circle'),
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: {
        name: 'Demo-VL',
        canSee: true,
        contextTokens: 4096,
        imageMaxTokens: DEMO_IMAGE_TOKENS.maxTokens,
      },
      answer: { text: 'red', reason: 'end', statistics: { encodedImages: 1 } },
    });
    expect(stderr).toMatch(/circle\.png: \d+ tokens/);
  });

  it('streams the answer in words', async () => {
    expect(await chat('Who are you?')).toMatchObject({ code: 0, stdout: `${WHO_ARE_YOU}\n` });
  });

  it('with a model that computes no numbers says that it is broken, and ends with a code of its own', async () => {
    const path = join(folder, 'no-numbers.gguf');
    copyFileSync(demoModel, path);
    const norm = readGguf(path).tensors.find(({ name }) => name === 'output_norm.weight');
    const fd = openSync(path, 'r+');
    writeSync(fd, Uint8Array.of(0, 0, 0xc0, 0x7f), 0, 4, norm?.offset ?? 0);
    closeSync(fd);
    const { code, stdout, stderr } = await snug('chat', '--model', path, '--threads', '1', 'Who are you?');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/not numbers[^]*damaged/);
  });

  it('with a model of 135 GiB ends before it loads it, also where that is wanted anyway', async () => {
    const { model } = writeSparseQwenVl(folder, QWEN_72B);
    const { code, stdout, stderr } = await snug('chat', '--model', model, '--anyway', 'Who are you?');
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Qwen2\.5-VL-72B needs 1[34]\d GiB of memory, and this laptop has/);
  });

  it('takes a picture of one pixel', async () => {
    const path = join(folder, 'pixel.png');
    await sharp({ create: { width: 1, height: 1, channels: 3, background: '#f00' } }).toFile(path);
    const { code, stdout } = await chat('What is this?', '--image', path);
    expect(code).toBe(0);
    expect(stdout.trim()).not.toBe('');
  });

  it('computes with as many threads as there are, however many are asked for', async () => {
    const ended = await snug('chat', '--model', demoModel, 'Who are you?', '--threads', '1000');
    expect(ended).toMatchObject({ code: 0, stdout: `${WHO_ARE_YOU}\n` });
  }, 30_000);

  it.each<[string, string[], RegExp[]]>([
    ['a broken picture', ['hi', '--image', 'broken.png'], [/broken.png is damaged/, /picture viewer/]],
    ['a text for a picture', ['hi', '--image', 'notes.png'], [/notes.png is not a picture/, /JPEG, PNG/]],
    ['a missing picture', ['hi', '--image', 'missing.png'], [/there is no file .*missing.png/]],
    ['a missing model', ['hi', '--model', 'missing.gguf'], [/there is no file .*missing.gguf/]],
    ['a model that is none', ['hi', '--model', 'notes.png'], [/notes.png is not a GGUF file/]],
    ['an encoder for a model', ['hi', '--model', demoMmproj], [/vision file \(mmproj\), not a text model/]],
    ['too hot a temperature', ['hi', '--temperature', '3'], [/'3' is invalid.*between 0 and 2/]],
    ['too short a context', ['hi', '--context', '10'], [/'10' is invalid.*at least 256/]],
  ])('says what is wrong with %s', async (_, args, says) => {
    const picture = readFileSync(sample('circle'));
    writeFileSync(join(folder, 'broken.png'), picture.subarray(0, picture.length / 2));
    writeFileSync(join(folder, 'notes.png'), 'no picture at all');
    const { code, stdout, stderr } = await chat(...args);
    for (const said of says) expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/^\s+at .*\.ts:\d+/m);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  it('says that a question is too long for the context', async () => {
    const { code, stderr } = await chat('word '.repeat(500), '--context', '256');
    expect(stderr).toMatch(/takes [\d,]+ tokens, and the context holds 256/);
    expect(stderr).toContain('--context');
    expect(code).toBe(1);
  });

  it('holds a conversation over a pipe, and a bad picture does not end it', async () => {
    const input = [
      'Who are you?',
      '/image missing.png',
      `/image ${sample('circle')}`,
      'What color is the circle?',
      '',
      '/quit',
      'never asked',
    ].join('\n');
    const args = ['chat', '--model', demoModel, '--threads', '1', '--temperature', '0'];
    const { code, stdout, stderr } = await start(args, { input }).ended;
    expect(stderr).toMatch(/there is no file .*missing.png/);
    expect(stderr).toMatch(/\d+ tokens/);
    expect(stdout).toBe(`${WHO_ARE_YOU}\nred\n`);
    expect(code).toBe(0);
  });

  it('ends a conversation where its input does', async () => {
    const args = ['chat', '--model', demoModel, '--threads', '1'];
    const { code, stdout } = await start(args, { input: 'Who are you?' }).ended;
    expect(stdout).toBe(`${WHO_ARE_YOU}\n`);
    expect(code).toBe(0);
  });

  it('talks to the model that was fitted last, else to the demo', async () => {
    const own = join(folder, 'own');
    const opened = async (): Promise<unknown> => {
      const args = ['chat', 'Who are you?', '--json', '--threads', '1', '--context', '256'];
      const { stdout } = await start(args, { home: own }).ended;
      return JSON.parse(stdout);
    };
    expect(await opened()).toMatchObject({ model: { name: 'Demo-VL' } });
    const models = join(own, 'models');
    mkdirSync(models, { recursive: true });
    const last = writeQwenVl(models, { layers: 1 }).model;
    copyFileSync(demoModel, join(models, 'earlier.gguf'));
    const now = statSync(last).mtimeMs / 1000;
    utimesSync(join(models, 'earlier.gguf'), now - 60, now - 60);
    expect(await opened()).toMatchObject({ model: { name: 'Random-Qwen-VL' } });
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Addon } from '../../../src-main/engine/native-types.ts';
import { openMetadata, openModel } from '../../../src-main/models/open-model.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { changedMmproj, changedModel } from '../../helpers/changed-demo.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const limits = { minTokens: 4, maxTokens: 64 };

/** An addon that must not be asked. */
const addon = new Proxy({} as Addon, {
  get: (_, name) => {
    throw new Error(`the addon was asked for ${String(name)}`);
  },
});

it('a header that llama.cpp would not survive does not reach it', async () => {
  const folder = temporaryFolder();
  const heads = ggufEntry('qwen2vl.attention.head_count', GgufType.uint32, 0);
  const path = changedModel(folder, { entries: [heads] });
  for (const opened of [openMetadata(addon, path), openModel(addon, { path, limits, threads: 1 })]) {
    expect((await rejected(opened)).message).toContain('attention.head_count is 0');
  }
  const good = changedModel(temporaryFolder(), {});
  const patches = ggufEntry('clip.vision.patch_size', GgufType.uint32, 255);
  const mmprojPath = changedMmproj(folder, { entries: [patches] });
  const opened = openModel(addon, { path: good, mmprojPath, limits, threads: 1 });
  expect((await rejected(opened)).message).toContain('patch_size is 255');
});

it('models are opened only where their headers are read first', () => {
  const root = join(import.meta.dirname, '../../../src-main');
  const callers = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /addon\.(openModel|visionMemory)\(/.test(readFileSync(join(root, name), 'utf8')))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
  // each of them takes a TextModel or a VisionModel, or makes one, or opens a layer's file that was written from one
  expect(callers).toEqual([
    'chat/host.ts',
    'luq/gram/walk-alone.ts',
    'luq/plan/memory.ts',
    'models/open-model.ts',
  ]);
});

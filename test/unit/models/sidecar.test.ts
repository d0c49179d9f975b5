import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  calibrationFolderOf,
  readSidecar,
  sidecarPath,
  writeSidecar,
} from '../../../src-main/models/sidecar.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

function sidecar(content: unknown): { folder: string; model: string } {
  const folder = temporaryFolder();
  const model = join(folder, 'model.gguf');
  writeFileSync(sidecarPath(model), typeof content === 'string' ? content : JSON.stringify(content));
  return { folder, model };
}

it('a model without one has none', () => {
  expect(readSidecar(join(temporaryFolder(), 'model.gguf'))).toEqual({});
});

it('paths are taken from where it lies, whatever the working directory', () => {
  const { folder, model } = sidecar({
    mmproj: 'mmproj.gguf',
    imageTokens: { min: 4, max: 64 },
    samples: [{ question: 'What is this?', picture: 'samples/one.png' }, { question: 'Why?' }],
  });
  expect(readSidecar(model)).toEqual({
    mmproj: join(folder, 'mmproj.gguf'),
    imageTokens: { min: 4, max: 64 },
    samples: [{ question: 'What is this?', picture: join(folder, 'samples/one.png') }, { question: 'Why?' }],
  });
});

it('where a model was downloaded from is read as it was written', () => {
  const { model } = sidecar({});
  const source = {
    hub: 'https://huggingface.co',
    repository: 'owner/name',
    revision: 'main',
    commit: 'c'.repeat(40),
    files: [{ path: 'Q8_0/model.gguf', name: 'model.gguf', bytes: 7, sha256: 'a'.repeat(64) }],
    licence: { name: 'Apache-2.0', url: 'https://huggingface.co/owner/name' },
    downloadedAt: '2026-11-27T22:00:00.000Z',
  };
  writeSidecar(model, { source });
  expect(readSidecar(model)).toEqual({ source });
});

it('an absolute path stays as it is', () => {
  const { model } = sidecar({ mmproj: '/elsewhere/mmproj.gguf' });
  expect(readSidecar(model)).toEqual({ mmproj: '/elsewhere/mmproj.gguf' });
});

it('a calibration set of its own lies beside or below it', () => {
  const { folder, model } = sidecar({ calibration: 'sets/drawn' });
  expect(calibrationFolderOf(model)).toBe(join(folder, 'sets', 'drawn'));
  expect(calibrationFolderOf(join(folder, 'other.gguf'))).toBeUndefined();
  // a model that moves takes along where it is to be looked for
  writeSidecar(model, readSidecar(model));
  expect(readSidecar(model)).toEqual({ calibration: 'sets/drawn' });
});

it.each([
  ['no JSON', '{ "mmproj": '],
  ['an empty file', ''],
  ['a list', []],
  ['a misspelt key', { mmprojj: 'a.gguf' }],
  ['a limit of no tokens', { imageTokens: { min: 0, max: 64 } }],
  ['a limit that is text', { imageTokens: { min: 4, max: '64' } }],
  ['a calibration set above the model', { calibration: '../set' }],
  ['a calibration set reached by going down and up', { calibration: 'a/../../set' }],
  ['a calibration set somewhere else', { calibration: '/somewhere/else' }],
  ['a calibration set without a name', { calibration: '' }],
  ['a sample without a question', { samples: [{ picture: 'a.png' }] }],
])('%s is refused with the name of the file', (_, content) => {
  const { model } = sidecar(content);
  const error = thrown(() => readSidecar(model));
  expect(error.code).toBe('BAD_ARGUMENT');
  expect(error.message).toContain('model.gguf.snug.json');
  expect(error.advice).toBe('Fix or delete it.');
});

it.runIf(hasPipes)('a pipe in its place is refused', () => {
  const model = join(temporaryFolder(), 'model.gguf');
  makePipe(sidecarPath(model));
  expect(thrown(() => readSidecar(model)).message).toContain('is a pipe, not a file');
});

it('one of many megabytes is refused', () => {
  const { model } = sidecar({ mmproj: 'm'.repeat(2 ** 21) });
  expect(thrown(() => readSidecar(model)).message).toContain('is larger than 1 MiB');
});

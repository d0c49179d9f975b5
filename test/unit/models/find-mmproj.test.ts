import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findMmproj } from '../../../src-main/models/find-mmproj.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { sidecarPath } from '../../../src-main/models/sidecar.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { hasPipes, makePipe } from '../../helpers/pipe.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

function modelIn(folder: string) {
  return readTextModel(writeTextModel(folder));
}

it('the one encoder in the folder that fits is taken', () => {
  const folder = temporaryFolder();
  const text = modelIn(folder);
  const fitting = writeVisionModel(folder, {}, 'encoder.gguf');
  writeVisionModel(folder, { width: 64 }, 'too-wide.gguf');
  writeVisionModel(folder, { projector: 'mlp' }, 'of-llava.gguf');
  writeTextModel(folder, {}, 'another-model.gguf');
  writeFileSync(join(folder, 'half-downloaded.gguf'), 'GGUF');
  writeFileSync(join(folder, 'letter.txt'), 'hello');
  mkdirSync(join(folder, 'old.gguf'));
  expect(findMmproj(text)).toBe(fitting);
});

it('a model alone in its folder has none', () => {
  expect(findMmproj(modelIn(temporaryFolder()))).toBeUndefined();
});

it('of two that fit a person chooses', () => {
  const folder = temporaryFolder();
  const text = modelIn(folder);
  const [one, two] = ['mmproj-f16.gguf', 'mmproj-f32.gguf'].map((name) => writeVisionModel(folder, {}, name));
  const error = thrown(() => findMmproj(text));
  expect(error.code).toBe('BAD_ARGUMENT');
  expect(error.advice).toContain(one);
  expect(error.advice).toContain(two);
});

it('the one kept with the model is taken, whatever else fits', () => {
  const folder = temporaryFolder();
  const text = modelIn(folder);
  const named = writeVisionModel(folder, {}, 'named.gguf');
  writeVisionModel(folder, {}, 'other.gguf');
  writeFileSync(sidecarPath(text.path), JSON.stringify({ mmproj: 'named.gguf' }));
  expect(findMmproj(text)).toBe(named);
});

it('the one kept with the model is missed when it is gone', () => {
  const folder = temporaryFolder();
  const text = modelIn(folder);
  writeVisionModel(folder, {}, 'other.gguf');
  writeFileSync(sidecarPath(text.path), JSON.stringify({ mmproj: 'gone.gguf' }));
  const error = thrown(() => findMmproj(text));
  expect(error.code).toBe('FILE');
  expect(error.message).toContain('gone.gguf');
});

it.runIf(hasPipes)('a pipe beside a model is passed over', () => {
  const folder = temporaryFolder();
  makePipe(join(folder, 'aaa.gguf'));
  const fitting = writeVisionModel(folder);
  expect(findMmproj(modelIn(folder))).toBe(fitting);
});

import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  findMmproj,
  refuseDamaged,
  searchMmproj,
  searchNotes,
} from '../../../src-main/models/find-mmproj.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { sidecarPath } from '../../../src-main/models/sidecar.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { changedMmproj, changedModel } from '../../helpers/changed-demo.ts';
import { writeStoredEncoder } from '../../helpers/stored-encoders.ts';
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

describe('of several that fit', () => {
  it('copies of one encoder are no choice: the most precise is taken, and said', () => {
    const folder = temporaryFolder();
    const text = modelIn(folder);
    writeStoredEncoder(folder, 'mmproj-BF16.gguf', { type: 'BF16' });
    const best = writeStoredEncoder(folder, 'mmproj-F16.gguf', { type: 'F16' });
    writeStoredEncoder(folder, 'mmproj-Q8_0.gguf', { type: 'Q8_0' });
    expect(findMmproj(text)).toBe(best);
    expect(searchNotes(text, searchMmproj(text))).toEqual([
      'mmproj-F16.gguf (F16) is the vision file, the most precise of 3 copies of it; not used: mmproj-BF16.gguf, mmproj-Q8_0.gguf.',
    ]);
  });

  it('different ones are for a person to choose from, one of each', () => {
    const folder = temporaryFolder();
    const text = modelIn(folder);
    const one = writeStoredEncoder(folder, 'mmproj-a.gguf', { seed: 1 });
    writeStoredEncoder(folder, 'mmproj-a-BF16.gguf', { seed: 1, type: 'BF16' });
    const two = writeStoredEncoder(folder, 'mmproj-b.gguf', { seed: 2 });
    const error = thrown(() => findMmproj(text));
    expect(error.code).toBe('BAD_ARGUMENT');
    expect(error.remedies).toEqual([{ kind: 'choose-vision-file', paths: [one, two] }]);
    expect(searchNotes(text, searchMmproj(text))).toEqual([]);
  });
});

describe('a vision file that cannot be used', () => {
  const whole = () => readFileSync(writeStoredEncoder(temporaryFolder(), 'whole.gguf'));
  const beside: Readonly<Record<string, (path: string) => void>> = {
    'is cut off': (path) => writeFileSync(path, whole().subarray(0, 2000)),
    'is cut off in its header': (path) => writeFileSync(path, whole().subarray(0, 50)),
    'is empty': (path) => writeFileSync(path, ''),
    'is a web page': (path) => writeFileSync(path, '<!doctype html>'),
    'is a folder': (path) => mkdirSync(path),
    'is a link that leads nowhere': (path) => symlinkSync(`${path}.gone`, path),
    'is a link to itself': (path) => symlinkSync(path, path),
    'lacks tensors': (path) => renameSync(changedMmproj(temporaryFolder(), missing), path),
  };
  /** of the width of the demo model */
  const missing: Parameters<typeof changedMmproj>[1] = {
    tensor: ({ name }) => (name === 'v.blk.0.attn_q.weight' ? { name: 'v.blk.0.other' } : {}),
  };

  it.each(Object.entries(beside))('since it %s is named before any work', (what, make) => {
    const folder = temporaryFolder();
    const text = what === 'lacks tensors' ? readTextModel(changedModel(folder, {})) : modelIn(folder);
    make(join(folder, 'mmproj-F16.gguf'));
    const search = searchMmproj(text);
    expect(findMmproj(text)).toBeUndefined();
    const error = thrown(() => refuseDamaged(search));
    expect(error.message).toContain('mmproj-F16.gguf');
    expect(error.advice).toContain('To go on without pictures');
    expect(error.remedies).toEqual([{ kind: 'add-vision-file' }]);
    expect(searchNotes(text, search)).toEqual([
      expect.stringContaining('mmproj-F16.gguf'),
      'model.gguf has no vision file, so it cannot see pictures.',
    ]);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'since it may not be read is named',
    () => {
      const folder = temporaryFolder();
      const text = modelIn(folder);
      chmodSync(writeVisionModel(folder), 0);
      expect(thrown(() => refuseDamaged(searchMmproj(text))).message).toContain('permission was denied');
    },
  );

  it.each(['mmproj-F16.gguf.part', 'mmproj-F16.gguf.crdownload', 'mmproj-F16.gguf.aria2'])(
    'since its download goes on (%s) is named, and the empty file beside it is not',
    (name) => {
      const folder = temporaryFolder();
      const text = modelIn(folder);
      writeFileSync(join(folder, name), 'GG');
      writeFileSync(join(folder, 'mmproj-F16.gguf'), '');
      const error = thrown(() => refuseDamaged(searchMmproj(text)));
      expect(error.message).toContain(`${name} is not downloaded wholly yet`);
    },
  );

  it('does not matter where another can', () => {
    const folder = temporaryFolder();
    const text = modelIn(folder);
    writeFileSync(join(folder, 'mmproj-BF16.gguf'), 'GGUF');
    const fitting = writeVisionModel(folder, {}, 'mmproj-F16.gguf');
    const search = searchMmproj(text);
    expect(() => refuseDamaged(search)).not.toThrow();
    expect(findMmproj(text)).toBe(fitting);
    expect(searchNotes(text, search)).toEqual([expect.stringContaining('mmproj-BF16.gguf')]);
  });

  it('of another model is only noted, and what is no vision file not even that', () => {
    const folder = temporaryFolder();
    const text = modelIn(folder);
    writeVisionModel(folder, { width: 64 }, 'mmproj-wide.gguf');
    const wide = readFileSync(writeStoredEncoder(temporaryFolder(), 'wide.gguf', { width: 64 }));
    writeFileSync(join(folder, 'mmproj-wide-cut.gguf'), wide.subarray(0, 2000));
    writeFileSync(join(folder, 'letters.gguf'), 'Dear friend');
    writeFileSync(join(folder, '._mmproj.gguf'), 'of macOS');
    const search = searchMmproj(text);
    expect(() => refuseDamaged(search)).not.toThrow();
    expect(searchNotes(text, search)).toEqual([
      expect.stringContaining('mmproj-wide-cut.gguf is not complete'),
      expect.stringMatching(/mmproj-wide.gguf produces embeddings of width 64/),
      'model.gguf has no vision file, so it cannot see pictures.',
    ]);
  });

  it('is no concern of a text-only model', () => {
    const folder = temporaryFolder();
    const text = readTextModel(writeTextModel(folder, { architecture: 'llama' }));
    expect(searchNotes(text, searchMmproj(text))).toEqual([]);
    writeVisionModel(folder, {}, 'mmproj-qwen.gguf');
    expect(searchNotes(text, searchMmproj(text))).toEqual([]);
    writeFileSync(join(folder, 'mmproj-unknown.gguf'), '');
    const search = searchMmproj(text);
    expect(() => refuseDamaged(search)).not.toThrow();
    expect(searchNotes(text, search)[0]).toContain('mmproj-unknown.gguf is empty');
  });

  it('is missed by a LLaVA, whose text model is a Llama', () => {
    const folder = temporaryFolder();
    const text = readTextModel(writeTextModel(folder, { architecture: 'llama' }, 'llava-v1.5-7b.gguf'));
    writeFileSync(join(folder, 'mmproj-model-f16.gguf'), '');
    expect(thrown(() => refuseDamaged(searchMmproj(text))).message).toContain('mmproj-model-f16.gguf');
  });
});

it('Ollama’s blobs are looked through, which have no names', () => {
  const folder = temporaryFolder();
  const blob = (digit: string) => `sha256-${digit.repeat(64)}`;
  const text = readTextModel(writeTextModel(folder, {}, blob('a')));
  const fitting = writeVisionModel(folder, {}, blob('b'));
  writeFileSync(join(folder, blob('c')), '{"model_format":"gguf"}');
  expect(findMmproj(text)).toBe(fitting);
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

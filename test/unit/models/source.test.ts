import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { readSource, sourceSha256 } from '../../../src-main/models/source.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

describe('a source', () => {
  it('is read with its encoder', () => {
    const folder = temporaryFolder();
    const source = readSource(writeTextModel(folder), writeVisionModel(folder));
    expect(source.warnings).toEqual([]);
    expect(source.vision?.projector).toBe('qwen2.5vl_merger');
  });

  it('of 8 bits comes with a warning', () => {
    const path = writeTextModel(temporaryFolder(), { architecture: 'qwen2', type: 'Q8_0' });
    expect(readSource(path, undefined).warnings).toEqual([expect.stringContaining('Q8_0')]);
  });

  it('whose vision file is damaged is refused, and without one or with one unused comes with a warning', () => {
    const folder = temporaryFolder();
    const path = writeTextModel(folder);
    const warnings = () => readSource(path, undefined).warnings;
    expect(warnings()).toEqual([expect.stringContaining('has no vision file, so it cannot see')]);
    writeFileSync(join(folder, 'mmproj-model.gguf'), 'GGUF');
    expect(thrown(warnings).message).toContain('mmproj-model.gguf');
    writeVisionModel(folder);
    expect(warnings()).toEqual([expect.stringContaining('is not used (mmproj-model.gguf)')]);
  });

  it("with another model's encoder is refused before anything is loaded", () => {
    const folder = temporaryFolder();
    const encoder = writeVisionModel(folder, { width: 64 });
    expect(thrown(() => readSource(writeTextModel(folder), encoder)).code).toBe('WRONG_PAIR');
  });
});

describe('the hash of a source', () => {
  async function hashed(path: string, home: string) {
    let hashedBytes = 0;
    const sha256 = await sourceSha256(readGguf(path), home, {
      onProgress: ({ done }) => (hashedBytes = done),
    });
    return { sha256, hashedBytes };
  }

  it('is worked out once and remembered until the file changes', async () => {
    const folder = temporaryFolder();
    const path = writeTextModel(folder);
    const first = await hashed(path, folder);
    expect(first.hashedBytes).toBeGreaterThan(0);
    expect(await hashed(path, folder)).toEqual({ sha256: first.sha256, hashedBytes: 0 });
    appendFileSync(path, 'x');
    const changed = await hashed(path, folder);
    expect(changed.hashedBytes).toBeGreaterThan(0);
    expect(changed.sha256).not.toBe(first.sha256);
  });

  it('is worked out again when what was remembered cannot be read', async () => {
    const folder = temporaryFolder();
    const path = writeTextModel(folder);
    const { sha256 } = await hashed(path, folder);
    writeFileSync(join(folder, 'work', 'model-files.db'), 'cut off');
    expect((await hashed(path, folder)).sha256).toBe(sha256);
  });
});

import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelFilesBelow } from '../../../../src-main/models/import/files-below.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

function folderWith(...files: readonly string[]): string {
  const folder = temporaryFolder();
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  return folder;
}

describe('the model files of a folder', () => {
  it('are those below it by their names, without what is hidden', async () => {
    const folder = folderWith(
      'a.gguf',
      'b/c/D.GGUF',
      'b/read-me.txt',
      '.cache/e.gguf',
      '._a.gguf',
      'f.gguf.part',
    );
    const found = await modelFilesBelow(folder);
    expect(found).toEqual({ paths: [join(folder, 'a.gguf'), join(folder, 'b/c/D.GGUF')], isPartial: false });
  });

  it('are found where links lead in a circle, each once', async () => {
    const folder = folderWith('models/a.gguf');
    symlinkSync(folder, join(folder, 'models', 'round'));
    symlinkSync(join(folder, 'models'), join(folder, 'again'));
    const { paths } = await modelFilesBelow(folder);
    expect(paths).toHaveLength(1);
  });

  it('are told to be some where there are too many, or they lie too deep', async () => {
    const deep = folderWith('1/2/3/4/5/6/7/8/a.gguf');
    expect(await modelFilesBelow(deep)).toEqual({ paths: [], isPartial: true });
    const many = folderWith(...Array.from({ length: 501 }, (_, i) => `${i}.gguf`));
    const found = await modelFilesBelow(many);
    expect(found.isPartial).toBe(true);
    expect(found.paths).toHaveLength(500);
  });

  it('of Ollama have no names, and only the large ones may be models', async () => {
    const [model, licence] = ['a', 'b'].map((digit) => `sha256-${digit.repeat(64)}`) as [string, string];
    const folder = folderWith(`blobs/${model}`, `blobs/${licence}`);
    truncateSync(join(folder, 'blobs', model), 2_000_000);
    expect((await modelFilesBelow(folder)).paths).toEqual([join(folder, 'blobs', model)]);
  });

  it('are none where a folder may not be looked at', async () => {
    expect(await modelFilesBelow(join(temporaryFolder(), 'gone'))).toEqual({ paths: [], isPartial: false });
  });
});

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libraryWithApps } from '../../../helpers/library-parts.ts';
import { makePipe, hasPipes } from '../../../helpers/pipe.ts';
import { number, text, writeTextModel, writeVisionModel } from '../../../helpers/small-models.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import { rejected } from '../../../helpers/thrown.ts';

/** Puts a file among Ollama's blobs, as its model or vision file of a name. */
function ollamaModel(folder: string, name: string, layers: Readonly<Record<string, string>>): string[] {
  const blobs = Object.entries(layers).map(([kind, path]) => {
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
    const blob = join(folder, 'blobs', `sha256-${digest}`);
    mkdirSync(dirname(blob), { recursive: true });
    const { size } = statSync(path);
    renameSync(path, blob);
    return { mediaType: `application/vnd.ollama.image.${kind}`, digest: `sha256:${digest}`, size, blob };
  });
  const [model = '', tag = ''] = name.split(':');
  const manifest = join(folder, 'manifests', 'registry.ollama.ai', 'library', model, tag);
  mkdirSync(dirname(manifest), { recursive: true });
  writeFileSync(
    manifest,
    JSON.stringify({ schemaVersion: 2, layers: blobs.map(({ blob: _, ...layer }) => layer) }),
  );
  return blobs.map(({ blob }) => blob);
}

describe('models of other apps', () => {
  it('are found app by app, each with its vision file, its size and what it is good for', async () => {
    const { library, folder } = libraryWithApps();
    const studio = folder('.lmstudio', 'models', 'lmstudio-community', 'Qwen2.5-VL-GGUF');
    const source = writeTextModel(studio, {}, 'Qwen2.5-VL-F16.gguf');
    const mmproj = writeVisionModel(studio);
    const quantized = writeTextModel(folder('.lmstudio', 'models', 'b', 'c'), { type: 'Q4_K', width: 256 });
    const ollama = folder('.ollama', 'models');
    const made = temporaryFolder();
    const [blob, vision] = ollamaModel(ollama, 'qwen2.5vl:7b', {
      model: writeTextModel(made, { layers: 3 }),
      projector: writeVisionModel(made),
    });
    const repository = folder(
      '.cache',
      'huggingface',
      'hub',
      'models--ggml-org--Tiny-GGUF',
      'snapshots',
      'abc',
    );
    const snapshot = writeTextModel(repository, { layers: 4 }, 'tiny-f16.gguf');

    const found = await library.elsewhere();
    expect(found.map(({ app }) => app)).toEqual(['lmStudio', 'ollama', 'huggingFace']);
    expect(found[0]?.models).toEqual([
      {
        path: quantized,
        name: 'model.gguf',
        visionPath: null,
        bytes: statSync(quantized).size,
        kind: 'quantized',
        knownAs: null,
        problem: null,
      },
      {
        path: source,
        name: 'Qwen2.5-VL-F16.gguf',
        visionPath: mmproj,
        bytes: statSync(source).size + statSync(mmproj).size,
        kind: 'source',
        knownAs: null,
        problem: null,
      },
    ]);
    expect(found[1]?.models).toMatchObject([
      { path: blob, name: 'qwen2.5vl:7b', visionPath: vision, kind: 'source', problem: null },
    ]);
    expect(found[2]?.models).toMatchObject([{ path: snapshot, name: 'ggml-org/Tiny-GGUF: tiny-f16.gguf' }]);
    expect(found.map(({ isPartial }) => isPartial)).toEqual([false, false, false]);

    const { added } = await library.add({ paths: [source] });
    const again = await library.elsewhere();
    expect(again[0]?.models.map(({ knownAs }) => knownAs)).toEqual([null, added[0]?.id]);
  });

  it('that cannot be used say why', async () => {
    const { library, folder } = libraryWithApps();
    const models = folder('.lmstudio', 'models', 'a', 'b');
    const experts = [number('qwen2vl.expert_count', 8)];
    writeTextModel(models, { entries: experts }, '1-experts.gguf');
    writeTextModel(models, { entries: [text('general.architecture', 'qwen25vl')] }, '2-both.gguf');
    writeFileSync(join(models, '3-page.gguf'), '<html>Log in</html>');
    symlinkSync(join(models, 'gone'), join(models, '4-link.gguf'));
    const made = temporaryFolder();
    ollamaModel(folder('.ollama', 'models'), 'tensors:1b', {
      'tensor; name=a': writeTextModel(made),
    });
    const [studio, ollama] = await library.elsewhere();
    const problems = studio?.models.map(({ problem }) => problem);
    expect(problems).toEqual([
      expect.stringMatching(/^it is a mixture of experts/),
      expect.stringMatching(/^it is in Ollama’s own layout/),
      expect.stringMatching(/it/),
      expect.stringMatching(/is a link to a file that is not there/),
    ]);
    expect(studio?.models.every(({ kind }) => kind === null)).toBe(true);
    expect(ollama?.models).toMatchObject([
      { name: 'tensors:1b', problem: expect.stringContaining('only Ollama') as string },
    ]);
  });

  it.runIf(hasPipes)('are never a pipe or a device that a link leads to', async () => {
    const { library, folder } = libraryWithApps();
    const models = folder('.lmstudio', 'models', 'a', 'b');
    symlinkSync(makePipe(join(temporaryFolder(), 'pipe')), join(models, 'pipe.gguf'));
    symlinkSync('/dev/zero', join(models, 'zero.gguf'));
    const [studio] = await library.elsewhere();
    expect(studio?.models).toEqual([]);
  });

  it('that are split are told once, with the size of all parts', async () => {
    const { library, folder } = libraryWithApps();
    const models = folder('.lmstudio', 'models', 'a', 'b');
    const first = writeTextModel(models, {}, 'big-00001-of-00002.gguf');
    const second = writeTextModel(models, { layers: 5 }, 'big-00002-of-00002.gguf');
    const [studio] = await library.elsewhere();
    expect(studio?.models.map(({ path, bytes }) => [path, bytes])).toEqual([
      [first, statSync(first).size + statSync(second).size],
    ]);
  });

  it('with the wrong vision file, or none, are told without one', async () => {
    const { library, folder } = libraryWithApps();
    const made = temporaryFolder();
    const ollama = folder('.ollama', 'models');
    ollamaModel(ollama, 'swapped:1b', {
      model: writeTextModel(made),
      projector: writeVisionModel(made, { width: 64 }),
    });
    ollamaModel(ollama, 'reversed:1b', {
      model: writeVisionModel(made, { width: 16 }),
      projector: writeTextModel(made, { width: 16 }),
    });
    const [found] = await library.elsewhere();
    expect(found?.models).toMatchObject([{ name: 'swapped:1b', visionPath: null, problem: null }]);
  });
});

describe('a model of another app that is added where it lies', () => {
  it('is called what Ollama calls it, sees with its vision file, and is not deleted by Snug', async () => {
    const { library, folder } = libraryWithApps();
    const made = temporaryFolder();
    const ollama = folder('.ollama', 'models');
    const nameless = [text('general.name', '')];
    // two pairs whose vision files would fit either model: the manifests tell
    const [blob = '', vision] = ollamaModel(ollama, 'llava:7b', {
      model: writeTextModel(made, { entries: nameless }),
      projector: writeVisionModel(made),
    });
    ollamaModel(ollama, 'other:7b', {
      model: writeTextModel(made, { layers: 3 }),
      projector: writeVisionModel(made, { entries: [text('general.name', 'Other')] }),
    });
    const { added, notes } = await library.add({ paths: [blob] });
    expect(added).toMatchObject([
      { path: blob, title: 'llava:7b', keptBy: 'ollama', mmproj: { path: vision }, problem: null },
    ]);
    expect(notes).toEqual([expect.stringContaining('what Ollama deletes is gone here too')]);
    const id = added[0]?.id ?? '';
    const refused = await rejected(library.remove({ id, deleteFile: true }));
    expect(refused.message).toContain('llava:7b is in the folder of Ollama');
    expect(refused.advice).toContain('Delete it in Ollama');
    await library.remove({ id, deleteFile: false });
    expect(statSync(blob).isFile()).toBe(true);
  });

  it('is Snug’s own where its models folder was put there', async () => {
    const { library, folder } = libraryWithApps({ modelsFolder: join('.lmstudio', 'models', 'snug') });
    const path = writeTextModel(folder('.lmstudio', 'models', 'snug'));
    const { added } = await library.add({ paths: [path] });
    expect(added[0]?.keptBy).toBeNull();
    await library.remove({ id: added[0]?.id ?? '', deleteFile: true });
    expect(existsSync(path)).toBe(false);
  });

  it('that says no name goes by the one of its app', async () => {
    const { library, folder } = libraryWithApps();
    const made = temporaryFolder();
    const path = writeTextModel(made, { name: null });
    const [blob = ''] = ollamaModel(folder('.ollama', 'models'), 'mine:latest', { model: path });
    const { added } = await library.add({ paths: [blob] });
    expect(added[0]?.name).toBe('mine:latest');
  });

  it('is written nothing into, also where that would be allowed', async () => {
    const { library, folder } = libraryWithApps();
    const models = folder('.lmstudio', 'models', 'a', 'b');
    const path = writeTextModel(models);
    writeVisionModel(models);
    const before = statSync(models).mtimeMs;
    await library.elsewhere();
    await library.add({ paths: [path] });
    await library.list();
    expect(statSync(models).mtimeMs).toBe(before);
  });

  it('is found in a large folder of licences and templates too', async () => {
    const { library, folder } = libraryWithApps();
    const ollama = folder('.ollama', 'models');
    const [blob = ''] = ollamaModel(ollama, 'a:b', { model: writeTextModel(temporaryFolder()) });
    for (let i = 0; i < 50; i++) {
      const path = join(ollama, 'blobs', `sha256-${i.toString(16).padStart(64, '0')}`);
      writeFileSync(path, 'licence');
      truncateSync(path, 2_000_000);
    }
    const [found] = await library.elsewhere();
    expect(found?.models.map(({ path }) => path)).toEqual([blob]);
  });
});

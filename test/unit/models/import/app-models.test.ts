import { describe, expect, it } from 'vitest';
import { APP_STORES, notedBy } from '../../../../src-main/models/import/app-stores.ts';
import type { FoundModel } from '../../../../src-main/models/import/store.ts';
import { madeUpMachine, type MadeUpFile, type MadeUpMachine } from '../../../helpers/made-up-machine.ts';

type Files = Readonly<Record<string, MadeUpFile>>;

async function modelsOf(
  app: keyof typeof APP_STORES,
  folder: string,
  files: Files,
  platform: MadeUpMachine['platform'] = 'linux',
): Promise<readonly FoundModel[]> {
  const { models, isPartial } = await APP_STORES[app].find(madeUpMachine({ platform, files }), folder);
  expect(isPartial).toBe(false);
  return models;
}

/** The same files on a disk of Windows. */
function onWindows(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, file]) => [
      `C:${path.replaceAll('/', '\\')}`,
      typeof file === 'object' ? { link: file.link.replaceAll('/', '\\') } : file,
    ]),
  );
}

const [MODEL, VISION, OTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];

function manifest(...layers: readonly (readonly [kind: string, hash: string, size?: number])[]): string {
  return JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: 'sha256:0', size: 487 },
    layers: layers.map(([kind, hash, size = 2_000_000]) => ({
      mediaType: `application/vnd.ollama.image.${kind}`,
      digest: `sha256:${hash}`,
      size,
    })),
  });
}

const LIBRARY = '/m/manifests/registry.ollama.ai/library';
const BLOBS = '/m/blobs';

describe('LM Studio', () => {
  it('has a folder for each publisher and repository', async () => {
    const files = {
      '/m/lmstudio-community/Qwen2.5-VL-7B-GGUF/Qwen2.5-VL-7B-Q8_0.gguf': 5,
      '/m/lmstudio-community/Qwen2.5-VL-7B-GGUF/mmproj-model-f16.gguf': 5,
      '/m/lmstudio-community/Qwen2.5-VL-7B-GGUF/README.md': 'read me',
      '/m/mlx-community/Qwen/model.safetensors': 5,
    };
    expect((await modelsOf('lmStudio', '/m', files)).map(({ path }) => path)).toEqual([
      '/m/lmstudio-community/Qwen2.5-VL-7B-GGUF/Qwen2.5-VL-7B-Q8_0.gguf',
      '/m/lmstudio-community/Qwen2.5-VL-7B-GGUF/mmproj-model-f16.gguf',
    ]);
    expect(await modelsOf('lmStudio', 'C:\\m', onWindows(files), 'win32')).toHaveLength(2);
  });
});

describe('Ollama', () => {
  it('names models and their vision files in manifests', async () => {
    const files = {
      [`${LIBRARY}/llava/7b`]: manifest(['model', MODEL], ['projector', VISION], ['license', OTHER]),
      [`${LIBRARY}/llava/latest`]: manifest(['model', MODEL], ['projector', VISION]),
      '/m/manifests/registry.ollama.ai/me/mine/v1': manifest(['model', OTHER]),
      '/m/manifests/hf.co/bartowski/Qwen-GGUF/Q8_0': manifest(['model', OTHER]),
      [`${BLOBS}/sha256-${MODEL}`]: 2_000_000,
      [`${BLOBS}/sha256-${VISION}`]: 2_000_000,
      [`${BLOBS}/sha256-${OTHER}`]: 2_000_000,
    };
    const expected = [
      {
        path: `${BLOBS}/sha256-${OTHER}`,
        name: 'hf.co/bartowski/Qwen-GGUF:Q8_0, me/mine:v1',
        visionPath: undefined,
      },
      {
        path: `${BLOBS}/sha256-${MODEL}`,
        name: 'llava:7b, llava:latest',
        visionPath: `${BLOBS}/sha256-${VISION}`,
      },
    ];
    expect(await modelsOf('ollama', '/m', files)).toEqual(expected);
    const windows = await modelsOf('ollama', 'C:\\m', onWindows(files), 'win32');
    expect(windows.map(({ path }) => path)).toEqual([
      `C:\\m\\blobs\\sha256-${OTHER}`,
      `C:\\m\\blobs\\sha256-${MODEL}`,
    ]);
    const machine = madeUpMachine({ platform: 'linux', files });
    expect(await notedBy(`${BLOBS}/sha256-${MODEL}`, machine)).toEqual(expected[1]);
    expect(await notedBy(`${BLOBS}/sha256-${VISION}`, machine)).toBeUndefined();
  });

  it('may have a model that is not here wholly, in a form of its own, or on its servers', async () => {
    const found = await modelsOf('ollama', '/m', {
      [`${LIBRARY}/gone/1b`]: manifest(['model', MODEL]),
      [`${LIBRARY}/short/1b`]: manifest(['model', OTHER, 2_000_001]),
      [`${LIBRARY}/tensors/1b`]: manifest(['tensor; name=a; dtype=BF16', VISION]),
      [`${LIBRARY}/cloud/480b`]: manifest(),
      [`${BLOBS}/sha256-${OTHER}`]: 2_000_000,
    });
    expect(found.map(({ name, problem }) => `${name}: ${problem}`)).toEqual([
      expect.stringMatching(/gone:1b: .*is not there/),
      expect.stringMatching(/short:1b: .*not of the size/),
      expect.stringMatching(/tensors:1b: .*only Ollama reads/),
    ]);
  });

  it.each(['a', 'b', 'c'])('is usable where one of its manifests is, the one called %s', async (whole) => {
    const [first, second] = ['a', 'b', 'c'].filter((tag) => tag !== whole);
    const files = {
      [`${LIBRARY}/one/${whole}`]: manifest(['model', MODEL], ['projector', VISION]),
      [`${LIBRARY}/one/${first}`]: manifest(['model', MODEL], ['projector', OTHER]),
      [`${LIBRARY}/one/${second}`]: manifest(['model', MODEL]),
      [`${BLOBS}/sha256-${MODEL}`]: 2_000_000,
      [`${BLOBS}/sha256-${VISION}`]: 2_000_000,
    };
    expect(await modelsOf('ollama', '/m', files)).toEqual([
      {
        path: `${BLOBS}/sha256-${MODEL}`,
        name: 'one:a, one:b, one:c',
        visionPath: `${BLOBS}/sha256-${VISION}`,
        problem: undefined,
      },
    ]);
  });

  it('is read no further than its own folder, whatever a manifest says', async () => {
    const found = await modelsOf('ollama', '/m', {
      [`${LIBRARY}/bad/a`]: JSON.stringify({
        layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: 'sha256:../../etc/passwd' }],
      }),
      [`${LIBRARY}/bad/b`]: '{"cut off',
      [`${LIBRARY}/bad/c`]: '{"layers":{}}',
      [`${LIBRARY}/bad/d/deeper`]: manifest(['model', MODEL]),
    });
    expect(found).toEqual([]);
  });
});

describe('Jan', () => {
  const yml = (lines: Record<string, string>) =>
    Object.entries(lines)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join('');

  it('notes names, pairs and files that lie elsewhere', async () => {
    const files = {
      '/jan/llamacpp/models/unsloth/Qwen/model.yml': yml({
        model_path: 'llamacpp/models/unsloth/Qwen/model.gguf',
        mmproj_path: 'llamacpp/models/unsloth/Qwen/mmproj.gguf',
        name: 'unsloth/Qwen',
        size_bytes: '7',
      }),
      '/jan/llamacpp/models/unsloth/Qwen/model.gguf': 5,
      '/jan/llamacpp/models/unsloth/Qwen/mmproj.gguf': 5,
      '/jan/llamacpp/models/mine/model.yml': yml({ model_path: '/elsewhere/mine.gguf', name: 'Mine' }),
      '/jan/models/old/model.json': '{"id":"old"}',
      '/jan/models/old/old.gguf': 5,
    };
    const found = await modelsOf('jan', '/jan', files);
    expect(new Set(found)).toEqual(
      new Set([
        {
          path: '/jan/llamacpp/models/unsloth/Qwen/model.gguf',
          name: 'unsloth/Qwen',
          visionPath: '/jan/llamacpp/models/unsloth/Qwen/mmproj.gguf',
        },
        { path: '/jan/llamacpp/models/unsloth/Qwen/mmproj.gguf' },
        { path: '/elsewhere/mine.gguf', name: 'Mine', visionPath: undefined },
        { path: '/jan/models/old/old.gguf' },
      ]),
    );
    const machine = madeUpMachine({ platform: 'linux', files });
    expect((await notedBy('/jan/llamacpp/models/unsloth/Qwen/model.gguf', machine))?.visionPath).toBe(
      '/jan/llamacpp/models/unsloth/Qwen/mmproj.gguf',
    );
  });

  it('may keep its data below a folder that is called as its own are', async () => {
    const model = '/models/llamacpp/models/jan/llamacpp/models/models/a/model.gguf';
    const machine = madeUpMachine({
      platform: 'linux',
      files: {
        '/models/llamacpp/models/jan/llamacpp/models/models/a/model.yml': yml({
          model_path: 'llamacpp/models/models/a/model.gguf',
          name: 'A',
        }),
        [model]: 5,
      },
    });
    expect(await notedBy(model, machine)).toMatchObject({ path: model, name: 'A' });
  });

  it('is not followed out of its folder, and its notes may be damaged', async () => {
    const bomb = `a: &a [x]\nb: &b [*a, *a]\nmodel_path: *b\n`;
    const found = await modelsOf('jan', '/jan', {
      '/jan/llamacpp/models/a/model.yml': yml({ model_path: '../../../etc/passwd' }),
      '/jan/llamacpp/models/b/model.yml': bomb,
      '/jan/llamacpp/models/c/model.yml': 'model_path: [',
      '/jan/llamacpp/models/d/model.yml': 'just text',
    });
    expect(found).toEqual([]);
  });
});

describe('llama.cpp', () => {
  const REPOSITORY = 'ggml-org_Qwen2.5-VL-3B-Instruct-GGUF';
  const files = {
    [`/c/${REPOSITORY}_Qwen2.5-VL-3B-Instruct-f16.gguf`]: 5,
    [`/c/${REPOSITORY}_Qwen2.5-VL-3B-Instruct-f16.gguf.json`]: JSON.stringify({
      etag: '"1"',
      url: 'https://huggingface.co/ggml-org/Qwen2.5-VL-3B-Instruct-GGUF/resolve/main/Qwen2.5-VL-3B-Instruct-f16.gguf',
    }),
    [`/c/${REPOSITORY}_mmproj-Qwen2.5-VL-3B-Instruct-f16.gguf`]: 5,
    '/c/manifest=ggml-org=Qwen2.5-VL-3B-Instruct-GGUF=latest.json': JSON.stringify({
      ggufFile: { rfilename: 'Qwen2.5-VL-3B-Instruct-f16.gguf' },
      mmprojFile: { rfilename: 'mmproj-Qwen2.5-VL-3B-Instruct-f16.gguf' },
    }),
    '/c/other_half.gguf.downloadInProgress': 5,
    '/c/manifest=a=b=c.json': '{"cut off',
  };

  it('flattens names, and notes addresses and pairs', async () => {
    const model = {
      path: `/c/${REPOSITORY}_Qwen2.5-VL-3B-Instruct-f16.gguf`,
      name: 'ggml-org/Qwen2.5-VL-3B-Instruct-GGUF: Qwen2.5-VL-3B-Instruct-f16.gguf',
      visionPath: `/c/${REPOSITORY}_mmproj-Qwen2.5-VL-3B-Instruct-f16.gguf`,
    };
    const found = await modelsOf('llamaCpp', '/c', files);
    expect(found[0]).toEqual(model);
    expect(found).toHaveLength(2);
    expect(await notedBy(model.path, madeUpMachine({ platform: 'linux', files }))).toEqual(model);
    expect(await modelsOf('llamaCpp', 'C:\\c', onWindows(files), 'win32')).toHaveLength(2);
  });
});

describe('the Hugging Face cache', () => {
  const REPOSITORY = '/h/models--ggml-org--Qwen-GGUF';
  const blob = `../../blobs/${MODEL}`;

  it('links the files of a commit to what they hold', async () => {
    const files = {
      [`${REPOSITORY}/refs/main`]: 'new\n',
      [`${REPOSITORY}/snapshots/old/qwen.gguf`]: { link: `../../blobs/${OTHER}` },
      [`${REPOSITORY}/snapshots/new/qwen.gguf`]: { link: blob },
      [`${REPOSITORY}/snapshots/new/copy.gguf`]: { link: blob },
      [`${REPOSITORY}/snapshots/new/stopped.gguf`]: { link: '../../blobs/none' },
      [`${REPOSITORY}/blobs/${MODEL}`]: 5,
      [`${REPOSITORY}/blobs/${OTHER}`]: 5,
      '/h/datasets--a--b/snapshots/new/c.gguf': 5,
    };
    expect(await modelsOf('huggingFace', '/h', files)).toEqual([
      { path: `${REPOSITORY}/snapshots/new/copy.gguf`, name: 'ggml-org/Qwen-GGUF: copy.gguf' },
    ]);
    const { [`${REPOSITORY}/refs/main`]: _, ...without } = files;
    const commits = (await modelsOf('huggingFace', '/h', without)).map(({ path }) => path);
    expect(commits).toEqual([
      `${REPOSITORY}/snapshots/new/copy.gguf`,
      `${REPOSITORY}/snapshots/old/qwen.gguf`,
    ]);
  });

  it('holds the files themselves where Windows makes no links', async () => {
    const files = onWindows({ [`${REPOSITORY}/snapshots/new/sub/qwen.gguf`]: 5 });
    const found = await modelsOf('huggingFace', 'C:\\h', files, 'win32');
    expect(found).toEqual([
      {
        path: 'C:\\h\\models--ggml-org--Qwen-GGUF\\snapshots\\new\\sub\\qwen.gguf',
        name: 'ggml-org/Qwen-GGUF: qwen.gguf',
      },
    ]);
  });
});

it('nothing is found where there is nothing', async () => {
  for (const app of Object.keys(APP_STORES) as (keyof typeof APP_STORES)[])
    expect(await modelsOf(app, '/nowhere', {})).toEqual([]);
});

it('ends when it is told to', async () => {
  const files = {
    '/m/a/a.gguf': 5,
    [`${LIBRARY}/llava/7b`]: manifest(['model', MODEL]),
    '/m/models--a--b/snapshots/c/d.gguf': 5,
  };
  const machine = madeUpMachine({ platform: 'linux', files });
  for (const store of Object.values(APP_STORES)) {
    const { models, isPartial } = await store.find(machine, '/m', AbortSignal.abort());
    expect([models, isPartial]).toEqual([[], true]);
  }
});

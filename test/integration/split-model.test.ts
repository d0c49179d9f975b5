import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import { loadAddon } from '../../src-main/engine/addon.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { previewFit } from '../../src-main/fit/preview.ts';
import { inspect } from '../../src-main/models/inspect.ts';
import { modelFiles } from '../../src-main/models/open-model.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { sample } from '../fixtures/demo.ts';
import { SHORT_LAYERS, shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { partFile, splitModel } from '../fixtures/split-model.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';
import { timeKernels } from '../helpers/timed-home.ts';
import { rejected } from '../helpers/thrown.ts';

// A model that is split over several files is what it is unsplit: to look at, to fit and to chat with.

const { addon } = loadAddon();
const folder = sharedFolder();

function newFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

const QUICK = {
  ...{ lowLayers: 2, calibrationTokens: 1500, clusters: 10, threads: 1 },
  rungs: { high: 'Q4_K_M', low: 'Q2_K' },
} as const;

const fitted = (home: string, modelPath: string, output: string) =>
  fit({ home, modelPath, output, ...QUICK }, {});

async function ask(modelPath: string, mmprojPath?: string) {
  const host = new ChatHost();
  try {
    await host.open({ modelPath, mmprojPath, contextTokens: 512, threads: 1, imageMaxTokens: 64 });
    const request = { text: 'What is shown here?', maxTokens: 8, temperature: 0, seed: 0 };
    const answer = await host.session.send({
      ...request,
      pictures: mmprojPath ? [sample('circle')] : [],
      ignoreEnd: true,
    });
    return answer.text;
  } finally {
    host.close();
  }
}

describe('a model split in three', () => {
  // without the companion file, which its parts would need a copy of; called as the first part is, for a result names its source
  const whole = join(newFolder('whole'), partFile('model-f16', 1, 3));
  copyFileSync(shortModel, whole);
  const home = newFolder('home');
  const otherHome = newFolder('other-home');
  let unsplit: Buffer;

  beforeAll(async () => {
    await timeKernels(home);
    await timeKernels(otherHome);
    const output = join(folder, 'whole.gguf');
    await fitted(home, whole, output);
    unsplit = readFileSync(output);
  });

  it('makes the same file as unsplit, byte for byte, in a home of its own', async () => {
    const where = newFolder('parts');
    const [first, second = ''] = splitModel(whole, where, { emptyFirst: true });
    const output = join(where, 'fitted.gguf');
    const made = await fitted(otherHome, second, output);
    expect(made.files.source).toMatchObject({ path: first });
    expect(readFileSync(output).equals(unsplit)).toBe(true);
  });

  it('goes on with what was done with the whole', async () => {
    const where = newFolder('again');
    const [modelPath = ''] = splitModel(whole, where);
    const output = join(where, 'fitted.gguf');
    const made = await fitted(home, modelPath, output);
    expect(made.calibration.reused).toBe(true);
    expect(readFileSync(output).equals(unsplit)).toBe(true);
    const { calibration } = await previewFit({ home, modelPath, ...QUICK }, false);
    expect(calibration?.entropies).toHaveLength(made.layers.length);
  });

  it('is not overwritten by its own result, whichever part that would be', async () => {
    const [first = '', ...others] = splitModel(whole, newFolder('own'));
    for (const output of others) {
      const error = await rejected(fitted(home, first, output));
      expect(error.message).toContain('is the source itself');
    }
  });

  it('that lacks a part or has a damaged one is told before anything is loaded', async () => {
    const where = newFolder('bad');
    const [first = '', , third = ''] = splitModel(whole, where);
    truncateSync(third, 1000);
    const cut = await rejected(fitted(home, first, join(where, 'x.gguf')));
    expect(cut.message).toContain('00003-of-00003.gguf');
    expect((await rejected(ask(first))).code).toBe('BROKEN_GGUF');
    rmSync(third);
    expect((await rejected(ask(first))).message).toContain('1 file of them is missing');
  });
});

describe('a model that sees, split in three', () => {
  const whole = { model: shortModel, mmproj: shortMmproj };

  it.each([{ emptyFirst: false }, { emptyFirst: true }])(
    'is inspected and answers as the whole does (%o)',
    async (how) => {
      const where = newFolder(`seeing-${how.emptyFirst}`);
      const mmproj = join(where, 'mmproj.gguf');
      copyFileSync(whole.mmproj, mmproj);
      const [first, second = ''] = splitModel(whole.model, where, how);
      const { types, layers, parameters, facts, path } = inspect(second);
      const expected = inspect(whole.model);
      expect([types, layers, parameters]).toEqual([expected.types, expected.layers, expected.parameters]);
      expect(facts['vision file']).toBe(mmproj);
      expect(path).toBe(first);
      expect(await ask(second, mmproj)).toBe(await ask(whole.model, whole.mmproj));
    },
  );
});

describe('the addon', () => {
  const where = newFolder('addon');
  const parts = splitModel(shortModel, where);

  it('opens the files that it was given, by whatever names, and no others', async () => {
    const files = modelFiles(readTextModel(parts[0] ?? '').gguf);
    expect(files.otherParts).toEqual(parts.slice(1));
    const renamed = parts.map((path, i) => {
      const other = join(where, `part ${i}`);
      copyFileSync(path, other);
      return other;
    });
    const [path = '', ...otherParts] = renamed;
    const model = await addon.openModel({ path, otherParts, threads: 1, metadataOnly: true });
    expect(model.describe().layers).toBe(SHORT_LAYERS);
    model.close();
    await expect(addon.openModel({ path: parts[0] ?? '', threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_LOAD',
    });
  });

  it('waits for no pipe in the place of a part', async () => {
    const [path = '', second = ''] = parts;
    await expect(addon.openModel({ path, otherParts: [second, where], threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_LOAD',
      message: expect.stringContaining('is not a file') as string,
    });
  });
});

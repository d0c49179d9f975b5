import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../../src-main/chat/host.ts';
import type { ChatEvent } from '../../../src-main/contract/chat.ts';
import type { Fitted } from '../../../src-main/contract/workers/compress.ts';
import { exportPair } from '../../../src-main/export/export-pair.ts';
import { readPair } from '../../../src-main/export/read-pair.ts';
import { readGguf, type Gguf } from '../../../src-main/gguf/gguf.ts';
import { inspect } from '../../../src-main/models/inspect.ts';
import { readTextModel, readVisionModel } from '../../../src-main/models/model-file.ts';
import { findMmproj } from '../../../src-main/models/find-mmproj.ts';
import { sample } from '../../fixtures/demo.ts';
import { writeLlava, type ModelFiles } from '../../fixtures/models.ts';
import { expectSameLogits, expectSeen, newFolder } from '../../helpers/family-checks.ts';
import { ask, outputOf, quickFit } from '../../helpers/quick-fit.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// LLaVA-1.5 as it was published in 2023, when vision files did not say which projector they hold and llama.cpp did not ask.

const folder = sharedFolder();
const NOTE = /does not say which projector it holds, as vision files of 2023 do not/;
let files: ModelFiles;
let published: Buffer;

beforeAll(() => {
  files = writeLlava(newFolder(folder, 'llava'), { year: 2023 });
  published = readFileSync(files.mmproj);
});

const weightsOf = ({ path, tensors }: Gguf) => {
  const bytes = readFileSync(path);
  return tensors.map(({ name, offset, bytes: length }) => [
    name,
    bytes.subarray(offset, offset + length).toString('base64'),
  ]);
};

describe('a vision file of 2023', () => {
  it('is told by its tensors, and said to be completed', () => {
    expect(readGguf(files.mmproj).metadata.has('clip.projector_type')).toBe(false);
    expect(readVisionModel(files.mmproj).projector).toBe('mlp');
    expect(findMmproj(readTextModel(files.model))).toBe(files.mmproj);
    const { architecture, facts } = inspect(files.mmproj);
    expect(architecture).toBe('mlp');
    expect(facts).toMatchObject({
      completed: expect.stringMatching(NOTE) as string,
      'picture tokens': 16,
      'projection length': 256,
    });
  });

  it('is seen with as one that says it', async () => {
    await expectSameLogits(files, 'circle');
    const newer = writeLlava(newFolder(folder, 'newer'), { year: 2024 });
    const answers = [];
    for (const { model, mmproj } of [files, newer])
      answers.push(await ask(model, mmproj, [sample('circle')]));
    expect(answers[0]?.text).toBe(answers[1]?.text);
    expect(answers[0]?.statistics.encodedImages).toBe(1);
  });
});

describe('LLaVA-1.5', () => {
  let fitted: Fitted;

  beforeAll(async () => {
    const { model: modelPath, mmproj: mmprojPath } = files;
    fitted = await quickFit(folder, { modelPath, mmprojPath, calibrationTokens: 2000 });
  });

  it('is fitted by the same steps, and its vision file stays as it is', () => {
    expect(fitted.model.architecture).toBe('llama');
    expect(fitted.plan.lowLayers).toBe(2);
    expectSeen(fitted);
    expect(fitted.warnings).toContainEqual(expect.stringMatching(NOTE));
    expect(readFileSync(files.mmproj).equals(published)).toBe(true);
  });

  it('takes 16 tokens for any picture, as CLIP scales it to a fixed size, and says what it completes', async () => {
    const host = new ChatHost();
    const said: ChatEvent[] = [];
    const pair = { modelPath: outputOf(fitted), mmprojPath: files.mmproj };
    await host.open({ ...pair, contextTokens: 512, threads: 1 }, { onEvent: (event) => said.push(event) });
    expect(said).toContainEqual({ kind: 'note', text: expect.stringMatching(NOTE) as string });
    for (const name of ['circle', 'colours', 'shapes']) {
      const { usual } = await host.session.scalePictures({ text: '', pictures: [sample(name)] });
      expect(usual.pictures).toMatchObject([{ tokens: 16 }]);
    }
    host.close();
  });

  it('leaves with a vision file that says what it is and holds the same weights', async () => {
    const [modelPath, mmprojPath] = [outputOf(fitted), files.mmproj];
    const where = join(folder, 'exported');
    const facts = readPair(modelPath, mmprojPath);
    const left = await exportPair({
      ...{ modelPath, mmprojPath, folder: where, replace: false, facts },
      ...{ measured: undefined, madeFrom: undefined },
    });
    const name = left.files.find((file) => file.startsWith('mmproj-')) ?? '';
    const exported = readGguf(join(where, name));
    const before = readGguf(mmprojPath);
    expect(exported.metadata.get('clip.projector_type')?.value).toBe('mlp');
    expect([...exported.metadata.keys()].filter((key) => key !== 'clip.projector_type')).toEqual([
      ...before.metadata.keys(),
    ]);
    expect(weightsOf(exported)).toEqual(weightsOf(before));
    expect(readFileSync(join(where, 'README.md'), 'utf8')).toContain('`clip.projector_type`');
    const answer = await ask(join(where, `${basename(name, '.gguf').slice(7)}.gguf`), exported.path, [
      sample('circle'),
    ]);
    const here = await ask(modelPath, mmprojPath, [sample('circle')]);
    expect(answer.text).toBe(here.text);
    expect(answer.statistics.encodedImages).toBe(1);
  });

  it('may store its encoder in 8 bits, in a file that says what it is', async () => {
    const { model: modelPath, mmproj: mmprojPath } = files;
    const smaller = await quickFit(folder, {
      modelPath,
      mmprojPath,
      visionType: 'Q8_0',
      calibrationTokens: 2000,
    });
    const vision = readGguf(smaller.mmproj.luq ?? '');
    expect(vision.metadata.get('clip.projector_type')?.value).toBe('mlp');
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CatalogueEntry } from '../../src-main/contract/catalogue.ts';
import { DEFAULT_SETTINGS } from '../../src-main/contract/settings.ts';
import type { Memory } from '../../src-main/contract/fit-report.ts';
import { sizeUp } from '../../src-main/fit/size-up.ts';
import { imageLimits } from '../../src-main/models/image-limits.ts';
import { readSource } from '../../src-main/models/source.ts';
import { estimatedSizes } from '../../src-main/services/catalogue/needs.ts';
import { PUBLISHED, writePublished } from '../fixtures/families/real-layouts.ts';
import { readCatalogue } from '../../src-main/models/catalogue.ts';
import { ModelCatalogue } from '../../src-main/services/catalogue.ts';
import { FitService } from '../../src-main/services/fit-service.ts';
import { ModelReader } from '../../src-main/services/model-reader.ts';
import { demoMmproj, demoModel } from '../fixtures/demo.ts';
import { SLIM_QWEN_7B, writeSparseQwenVl } from '../fixtures/sparse-models.ts';
import { HubOfFiles } from '../helpers/hub-of-files.ts';
import { number, writeTextModel } from '../helpers/small-models.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

const GiB = 2 ** 30;
const DEMO = 'snug/demo-vl-GGUF';

function opened(hub: HubOfFiles, entries: readonly CatalogueEntry[] = []) {
  const home = temporaryFolder();
  const reader = new ModelReader();
  const laptop = {
    read: () =>
      Promise.resolve({
        limits: { comfortableBytes: 11 * GiB, mostBytes: 13 * GiB },
        threads: 1,
      } as never),
  };
  const catalogue = new ModelCatalogue({
    home,
    entries: () => entries,
    hub: () => hub,
    reader,
    fits: new FitService(),
    laptop,
    folder: { current: home, isOwn: true },
    settings: { current: { ...DEFAULT_SETTINGS, contextTokens: 2048 } },
    reports: () => [],
  });
  onTestFinished(async () => {
    await catalogue.close();
    await reader.close();
  });
  return { home, catalogue };
}

const demoHub = () =>
  new HubOfFiles().add(DEMO, {
    'README.md': Buffer.from('# Demo'),
    'demo-vl-f16.gguf': demoModel,
    'mmproj-demo-vl-f16.gguf': demoMmproj,
  });

describe('an offer of what is on a hub', () => {
  it('says what its download and its fit would come to, from its headers', async () => {
    const hub = demoHub();
    const { catalogue, home } = opened(hub);
    const offer = await catalogue.offer({ address: `hf.co/${DEMO}` });
    expect(offer).toMatchObject({
      id: null,
      name: 'Demo-VL',
      repository: DEMO,
      revision: 'c'.repeat(40),
      licence: { name: 'apache-2.0' },
      precision: 'F16',
      why: 'F16 is the best file there is to fit from.',
      layers: 12,
      sees: true,
      verdict: { kind: 'fits' },
      notes: [],
      files: [
        { path: 'demo-vl-f16.gguf', role: 'model' },
        { path: 'mmproj-demo-vl-f16.gguf', role: 'vision' },
      ],
    });
    const bytes = readFileSync(demoModel).length + readFileSync(demoMmproj).length;
    expect(offer.needs).toMatchObject({ exact: true, downloadBytes: bytes });
    expect(offer.needs.disk.peakBytes).toBeGreaterThan(bytes);
    // nothing of it stays, and little was fetched
    expect(readdirSync(join(home, 'work', 'offers'))).toEqual([]);
    expect(hub.ranges.every((range) => range.bytes <= 2 ** 20)).toBe(true);
    // what is known of a commit is not asked for again
    hub.ranges.length = 0;
    const again = await catalogue.offer({ address: DEMO });
    expect(again.needs.memory).toEqual(offer.needs.memory);
    expect(again.needs.downloadSeconds).toBeGreaterThan(0);
    expect(hub.ranges).toEqual([]);
  });

  it('says that a model without a vision file sees no pictures', async () => {
    const hub = new HubOfFiles().add(DEMO, { 'demo-vl-f16.gguf': demoModel });
    const offer = await opened(hub).catalogue.offer({ address: DEMO });
    expect(offer).toMatchObject({
      sees: false,
      notes: [`It will not see pictures: ${DEMO} has no vision file (mmproj).`],
      files: [{ role: 'model' }],
    });
  });

  it('says why its vision file is of no use', async () => {
    const { mmproj } = writeSparseQwenVl(temporaryFolder(), SLIM_QWEN_7B);
    const hub = new HubOfFiles().add(DEMO, { 'demo-vl-f16.gguf': demoModel, 'mmproj-f16.gguf': mmproj });
    const offer = await opened(hub).catalogue.offer({ address: DEMO });
    expect(offer.sees).toBe(false);
    expect(offer.notes[0]).toMatch(
      `It will not see pictures: ${DEMO}/mmproj-f16.gguf produces embeddings of width`,
    );
  });

  it('never names a place on this disk', async () => {
    const path = writeTextModel(temporaryFolder());
    const hub = new HubOfFiles().add('a/llm-GGUF', { 'llm-f16.gguf': path });
    const refused = await rejected(opened(hub).catalogue.offer({ address: 'a/llm-GGUF' }));
    expect(refused.message).toContain('a/llm-GGUF/llm-f16.gguf');
    expect(refused.message).not.toContain('offers');
  });

  it.each([
    [
      'a mixture of experts',
      { architecture: 'llama', entries: [number('llama.expert_count', 8)] },
      'mixture of experts',
    ],
    ['an unknown architecture', { architecture: 'quantum9' }, 'the architecture quantum9'],
  ])('refuses %s as soon as its header shows it', async (_, spec, words) => {
    const path = writeTextModel(temporaryFolder(), spec);
    const hub = new HubOfFiles().add('a/b-GGUF', { 'b-Q8_0.gguf': path });
    const { catalogue } = opened(hub);
    expect(await rejected(catalogue.offer({ address: 'a/b-GGUF' }))).toMatchObject({
      code: 'UNSUPPORTED_MODEL',
      message: expect.stringMatching(new RegExp(`^a/b-GGUF/b-Q8_0\\.gguf is .*${words}`)) as string,
    });
  });

  it('of what is no GGUF although it is called one is refused', async () => {
    const hub = new HubOfFiles().add('a/b-GGUF', { 'b-f16.gguf': Buffer.from('<!doctype html>') });
    expect(await rejected(opened(hub).catalogue.offer({ address: 'a/b-GGUF' }))).toMatchObject({
      code: 'NOT_GGUF',
      message: 'a/b-GGUF/b-f16.gguf is not a GGUF file, but a web page that was saved under this name',
    });
  });
});

const published = PUBLISHED.flatMap((layout) => {
  const entry = readCatalogue().find(({ repository }) =>
    layout.repository === undefined
      ? repository.replace(/^.*\//, '').toLowerCase() === `${layout.name}-gguf`.toLowerCase()
      : repository === layout.repository,
  );
  return entry ? [[entry.id, entry, layout] as const] : [];
});

it('the catalogue is held against models of real shape', () => {
  expect(published.map(([id]) => id)).toEqual(
    expect.arrayContaining([
      'smolvlm2-2.2b',
      'internvl3-2b',
      'internvl3-8b',
      'minicpm-v-4',
      'llava-1.5-7b',
      'llava-1.5-13b',
    ]),
  );
});

it.each(published)('what the catalogue says of %s is what its files say', async (_, entry, layout) => {
  const { model, mmproj } = writePublished(temporaryFolder(), layout);
  const { text, vision } = readSource(model, mmproj);
  const vocabulary = text.gguf.tensors.filter(({ name }) => /^(token_embd|output)\.weight$/.test(name));
  const { minTokens: min, maxTokens: max } = imageLimits(text, vision);
  expect(entry).toMatchObject({
    architecture: text.architecture,
    projector: vision?.projector,
    layers: text.layers,
    contextTokens: text.trainingContextTokens,
    vocabularyParameters: vocabulary.reduce((sum, { elements }) => sum + elements, 0),
    pictureTokens: { min, max },
  });
  const request = { modelPath: model, mmprojPath: mmproj, home: temporaryFolder(), contextTokens: 4096 };
  const { source, fit } = await sizeUp(request);
  const { unfittedBytes, fit: estimated } = estimatedSizes(entry, 'F16', 4096);
  const near = (bytes: number | undefined, exact: number | undefined) =>
    expect((bytes ?? 0) / (exact ?? 0)).toBeCloseTo(1, 1);
  near(unfittedBytes, source.memory.totalBytes);
  near(estimated?.mostBytes, withoutRearranged(fit?.high.memory));
  near(estimated?.leastBytes, withoutRearranged(fit?.low.memory));
});

/** What some processors keep beside the weights is in no estimate. */
function withoutRearranged(memory: Memory | undefined): number | undefined {
  return memory && memory.totalBytes - memory.rearrangedBytes;
}

it('leaves nothing of a run before', () => {
  const { home } = opened(demoHub(), readCatalogue());
  expect(existsSync(join(home, 'work', 'offers'))).toBe(false);
});

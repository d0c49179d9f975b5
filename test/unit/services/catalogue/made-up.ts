import type { Catalogue, CatalogueItem, Needs, Offer } from '../../../../src-main/contract/catalogue.ts';
import { GiB } from './machines.ts';

export function needs(change: Partial<Needs> = {}): Needs {
  return {
    exact: true,
    downloadBytes: 15.5 * GiB,
    disk: { freeBytes: 100 * GiB, peakBytes: 28 * GiB, work: null },
    memory: {
      unfittedBytes: 17 * GiB,
      fittedBytes: { least: 5 * GiB, most: 7 * GiB },
      fittingBytes: 17 * GiB,
      comfortableBytes: 11 * GiB,
      mostBytes: 14 * GiB,
    },
    downloadSeconds: null,
    fitTime: { seconds: 5400, measured: false },
    ...change,
  };
}

const licence = { name: 'Apache 2.0', url: 'https://hub.test/LICENSE', words: 'Free for any use.' };

export function item(change: Partial<CatalogueItem> = {}): CatalogueItem {
  return {
    id: 'seer-7b',
    name: 'Seer 7B',
    description: 'Reads small print.',
    repository: 'seer/Seer-7B-GGUF',
    precisions: ['F16', 'Q8_0'],
    parameters: 7.6e9,
    layers: 28,
    contextTokens: 32_768,
    pictureTokens: { min: 4, max: 4096 },
    licence,
    needs: needs({ exact: false }),
    verdict: { kind: 'fits-with-fit', reason: 'Fitted it takes about 7 GiB.' },
    precision: 'F16',
    why: 'F16 is the best to fit from.',
    ...change,
  };
}

export function catalogue(items: readonly CatalogueItem[] = [item()]): Catalogue {
  return { items, recommended: items[0]?.id ?? null, hub: 'hub.test' };
}

export function offer(change: Partial<Offer> = {}): Offer {
  return {
    id: 'seer-7b',
    name: 'Seer 7B',
    repository: 'seer/Seer-7B-GGUF',
    revision: 'c'.repeat(40),
    licence,
    choices: [
      { precision: 'F16', bytes: 15.5 * GiB, mayBeFitted: true },
      { precision: 'Q4_K_M', bytes: 5.5 * GiB, mayBeFitted: false },
    ],
    precision: 'F16',
    why: 'F16 is the best to fit from.',
    parameters: 7.6e9,
    layers: 28,
    contextTokens: 32_768,
    sees: true,
    needs: needs(),
    verdict: { kind: 'fits-with-fit', reason: 'Fitted it takes 7.00 GiB.' },
    notes: [],
    files: [
      { path: 'seer-f16.gguf', role: 'model', bytes: 14 * GiB },
      { path: 'mmproj-f16.gguf', role: 'vision', bytes: 1.5 * GiB },
    ],
    ...change,
  };
}

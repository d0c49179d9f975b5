import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { catalogueLines, offerLines } from '../../../src-main/cli/catalogue-lines.ts';
import { catalogue, item, needs, offer } from '../services/catalogue/made-up.ts';

const plain = (lines: readonly string[]) =>
  // colours are marked until they are written
  lines.map((line) => stripVTControlCharacters(line).replace(/\p{Co}\[\d+m/gu, ''));

it('the catalogue says what each is, takes and costs, and how to have any other', () => {
  const large = item({
    id: 'seer-13b',
    verdict: { kind: 'too-large', reason: 'It takes about 20 GiB of memory.' },
  });
  const lines = plain(catalogueLines(catalogue([item(), large])));
  expect(lines.slice(0, 5)).toEqual([
    'seer-7b  Seer 7B: fits with a fit (best for this laptop)',
    '  Reads small print.',
    '  7.6 B parameters, about 15.50 GiB in F16. Fitted it takes about 7 GiB.',
    '  Apache 2.0: Free for any use. https://hub.test/LICENSE',
    '',
  ]);
  expect(lines[5]).toBe('seer-13b  Seer 7B: too large');
  expect(lines.at(-1)).toContain('snug get OWNER/NAME');
});

it('an offer says what it comes to before it begins', () => {
  expect(plain(offerLines(offer({ notes: ['It will not see pictures.'] })))).toEqual([
    'Seer 7B in F16, from seer/Seer-7B-GGUF: fits with a fit',
    'Fitted it takes 7.00 GiB.',
    'F16 is the best to fit from.',
    'Download  15.50 GiB (100 GiB free)',
    'Fit       28.00 GiB of disk when it takes most, about 90 min',
    'Memory    17.00 GiB as it is, 5.00 GiB to 7.00 GiB fitted; 11.00 GiB to spare',
    'Licence   Apache 2.0: Free for any use. https://hub.test/LICENSE',
    'Also as   Q4_K_M (5.50 GiB)',
    'Note: It will not see pictures.',
  ]);
});

it('an offer of what cannot be fitted speaks of no fit', () => {
  const memory = { ...needs().memory, fittedBytes: null, fittingBytes: null };
  const lines = plain(
    offerLines(
      offer({ why: null, licence: null, needs: needs({ fitTime: null, memory, downloadSeconds: 60 }) }),
    ),
  );
  expect(lines.slice(2)).toEqual([
    'Download  15.50 GiB (100 GiB free), about 60 s',
    'Memory    17.00 GiB as it is; 11.00 GiB to spare',
    'Also as   Q4_K_M (5.50 GiB)',
  ]);
});

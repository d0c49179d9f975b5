import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { answerLines, entropyChart, table } from '../../../src-main/cli/draw.ts';
import type { LayerReport, PlanReport } from '../../../src-main/contract/fit-report.ts';

// colours carry a mark until they are written
const plain = (line: string) =>
  stripVTControlCharacters(line.replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?=\[)/g, '\x1b'));

it('columns stand under one another, whatever the script, and what is shown escaped has its room', () => {
  const names = ['plain', '模型', '모델 Q4', 'e\u0301a', '👩‍💻', ''];
  const lines = table(
    ['name', 'bytes'],
    names.map((name) => [name, '12']),
  ).map(plain);
  expect(new Set(lines.map((line) => stringWidth(line)))).toEqual(new Set([14]));
  const [, escaped = ''] = table(
    ['name', 'bytes'],
    [
      ['a\x07', '1'],
      ['longer\ttext', '2'],
    ],
  );
  expect(escaped.indexOf('1')).toBeGreaterThan('longer\\ttext'.length - 1);
});

function layer(index: number, rung: string): LayerReport {
  return {
    index,
    entropyBits: { both: 6, standardError: 0.1, image: null, text: null },
    rank: index,
    rung,
    bitsPerWeight: null,
    types: {},
  };
}

it('a bar is filled by its own layer’s type, however many types a plan has', () => {
  const rungs = ['Q8_0', 'Q4_K_M', 'IQ3_XXS', 'Q2_K', 'IQ1_M'];
  const lines = entropyChart(rungs.map((rung, index) => layer(index, rung))).slice(1);
  const fills = lines.map((line) => /[█▓▒]/.exec(line)?.[0]);
  expect(fills).toEqual(['█', '█', '▓', '▒', '▒']);
  expect(lines.map((line) => plain(line).split(/ +/).at(-1))).toEqual(rungs);
});

it('a bar ends in a line as long as its error, and says it', () => {
  const bits = [6, 6.1].map((both) => ({ both, standardError: 0.02, image: null, text: null }));
  const lines = entropyChart(
    bits.map((entropyBits, index) => ({ ...layer(index, 'Q4_K_M'), entropyBits })),
  ).map(plain);
  expect(lines[0]).toContain('lines: standard errors');
  expect(lines[1]).toMatch(/█─+ +6\.000 ± 0\.020 {2}Q4_K_M$/);
  const [short = '', long = ''] = lines.slice(1).map((line) => /[█─]+/.exec(line)?.[0]);
  expect(short.length).toBeLessThan(long.length);
  expect(long).toHaveLength(40);
});

it('of a report from before there were errors a bar is a bar', () => {
  const old = {
    ...layer(0, 'Q4_K_M'),
    entropyBits: { both: 6, standardError: null, image: null, text: null },
  };
  const [head, line] = entropyChart([old]).map(plain);
  expect(head).not.toContain('errors');
  expect(line).not.toContain('─');
  expect(line).not.toContain('±');
});

it('an answer of the model with every layer high stands under the type that is', () => {
  const plan: PlanReport = {
    ...{
      kind: 'luq',
      family: 'luq',
      undecided: [],
      undecidedBy: 'entropy',
      ordering: 'entropy',
      lowLayers: 0,
      layers: 1,
      order: [0],
      roundings: null,
      contextTokens: 1,
    },
    ...{ visionType: null, predictedTokensPerSecond: null, fed: null, fallbacks: [] },
    rungs: { high: 'IQ3_XXS', low: 'IQ1_M' },
    predictedMemory: {
      ...{ weightsBytes: 1, visionWeightsBytes: 0, kvCacheBytes: 0, computeBytes: 0 },
      ...{ visionComputeBytes: 0, rearrangedBytes: 0, totalBytes: 1 },
    },
  };
  const answer = { question: 'Why?', picture: null, source: 'So.', q4km: 'Or so.', luq: 'Not so.' };
  expect(answerLines({ answers: [answer], plan }).slice(1)).toEqual([
    '  source   So.',
    '  IQ3_XXS  Or so.',
    '  LUQ      Not so.',
  ]);
});

import { describe, expect, it } from 'vitest';
import {
  competing,
  contests,
  familyContests,
  frontier,
  orderCurves,
  variations,
} from '../../../src-main/compare/findings.ts';
import { comparisonOf, made, madeUp } from './made-up.ts';

const at = (name: string, mebibytes: number, kld: number | null) => made({ name, mebibytes, kld });
const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);

describe('the frontier', () => {
  it('holds what no other row beats, by size', () => {
    const rows = [at('big', 200, 0.01), at('beaten', 150, 0.2), at('small', 100, 0.1), at('tiny', 50, 0.9)];
    expect(names(frontier(rows))).toEqual(['tiny', 'small', 'big']);
  });

  it.each([
    ['the same size, further', at('b', 100, 0.2), ['a']],
    ['larger, as far', at('b', 110, 0.1), ['a']],
    ['the same size, as far', at('b', 100, 0.1), ['a', 'b']],
    ['larger, closer', at('b', 110, 0.05), ['a', 'b']],
    ['not measured', at('b', 10, null), ['a']],
  ] as const)('beside a row: %s', (_, other, expected) => {
    expect(names(frontier([at('a', 100, 0.1), other]))).toEqual(expected);
  });

  it('counts the vision encoder in', () => {
    const rows = [at('a', 100, 0.1), { ...at('b', 99, 0.05), visionBytes: 30 * 2 ** 20 }];
    expect(names(frontier(rows))).toEqual(['a', 'b']);
  });

  it('is among the usual calibration; a matrix from text alone competes too', () => {
    const rows = [
      made({ family: 'order', ordering: 'entropy', lowLayers: 2, name: 'usual' }),
      made({ family: 'order', ordering: 'depth', lowLayers: 2, name: 'depth' }),
      made({ family: 'order', ordering: 'entropy', lowLayers: 2, name: 'seed 2', seed: 2 }),
      made({ name: 'IQ3_M', importance: 'text-only', alpha: 0 }),
      made({ name: 'source', family: 'source', importance: null }),
    ];
    expect(names(competing(comparisonOf(rows)))).toEqual(['usual', 'depth', 'IQ3_M']);
  });
});

describe('ways of planning', () => {
  const paper = made({
    family: 'order',
    ordering: 'entropy',
    lowLayers: 4,
    name: 'entropy, 4 layers',
    kld: 0.3,
  });
  const contestOf = (...rows: ReturnType<typeof made>[]) =>
    familyContests(comparisonOf([paper, ...rows])).map(({ ranking }) => ranking.map(({ row }) => row.name));

  it('are ranked by their nearest plan that is no larger, within 1 %', () => {
    const rows = [
      ...[at('larger', 101.3, 0.01), at('same', 100, 0.2), at('smaller', 90, 0.25), at('unknown', 80, null)],
      made({ family: 'best', name: 'best', mebibytes: 100.9, kld: 0.1 }),
    ];
    expect(contestOf(...rows)).toEqual([['best', 'same', 'entropy, 4 layers']]);
  });

  it('leave out other methods and a matrix from text alone', () => {
    const rows = [
      made({ family: 'rival', name: 'GPTQ 3', mebibytes: 80, kld: 0.01 }),
      made({ name: 'IQ3_M', importance: 'text-only', mebibytes: 80, kld: 0.02 }),
    ];
    expect(contestOf(...rows)).toEqual([]);
  });
});

describe('orders', () => {
  it('are compared at the k where at least two were measured, never with all layers low', () => {
    const row = (ordering: string, lowLayers: number, kld: number | null) =>
      made({ family: 'order', ordering, lowLayers, kld, name: `${ordering}, ${lowLayers} layers` });
    const comparison = comparisonOf([
      row('depth', 2, 0.3),
      row('entropy', 4, 0.5),
      row('entropy', 2, 0.2),
      row('depth', 4, null),
      row('entropy', 12, 1),
      row('depth', 12, 1),
    ]);
    const curves = orderCurves(comparison);
    expect(curves.map(({ name, rows }) => [name, rows.map(({ lowLayers }) => lowLayers)])).toEqual([
      ['entropy', [2, 4, 12]],
      ['depth', [2, 4, 12]],
    ]);
    expect(contests(curves, 12)).toEqual([
      {
        lowLayers: 2,
        ranking: [
          { name: 'entropy', kld: 0.2 },
          { name: 'depth', kld: 0.3 },
        ],
      },
    ]);
  });
});

describe('variations of the calibration', () => {
  const comparison = madeUp();

  it.each([
    ['alpha', [0, 0.25, 0.5, 0.75, 1]],
    ['clusters', [25, 50, 100, 200]],
    ['seed', [1, 2, 3]],
  ] as const)('of %s hold everything else', (varied, values) => {
    const series = variations(comparison, varied);
    expect(series.map(({ name }) => name)).toEqual(['entropy, k = 6']);
    expect(series[0]?.rows.map((row) => row[varied])).toEqual(values);
  });
});

it('nothing measured has no findings', () => {
  const empty = comparisonOf([]);
  expect([competing(empty), orderCurves(empty), variations(empty, 'seed'), frontier([])]).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

import { parse } from 'csv-parse/sync';
import { check } from 'prettier';
import { describe, expect, it } from 'vitest';
import { csv } from '../../../src-main/compare/csv.ts';
import { toCsv, toMarkdown } from '../../../src-main/compare/tables.ts';
import { comparisonSchema } from '../../../src-main/contract/comparison.ts';
import { orderTau } from '../../../src-main/luq/entropy/orders.ts';
import { comparisonOf, made, madeUp } from './made-up.ts';

/** Cells of the table's row that starts with these. */
function cells(markdown: string, ...first: string[]): string[] {
  const rows = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.find((row) => first.every((cell, index) => row[index] === cell)) ?? [];
}

const order = (ordering: string, lowLayers: number, kld: number) =>
  made({
    family: 'order',
    ordering,
    lowLayers,
    kld,
    name: `${ordering}, ${lowLayers} layers`,
    mebibytes: 160 - 5 * lowLayers,
  });

describe('the page of tables', () => {
  const comparison = comparisonSchema.parse(madeUp());
  const markdown = toMarkdown(comparison);

  it('has the numbers of a row in full', () => {
    expect(cells(markdown, 'Q4_K_M', 'pictures and text')).toEqual([
      ...['Q4_K_M', 'pictures and text', '158.6', '21.0', '5.32', '0.0210', '0.0084', '0.1470', '0.0273'],
      ...['92.3 / 91.3', '23/24', '3.26 / 3.27', '3.21 / 3.21', '19.5', '309 MiB'],
      ...['88.1', '18.3', '57', '307 MiB'],
    ]);
  });

  it('has no columns for what was not measured', () => {
    const rows = comparison.rows.map((row) => ({ ...row, accuracy: null, running: null }));
    const less = toMarkdown({ ...comparison, task: null, rows });
    expect(cells(less, 'Q4_K_M', 'pictures and text')).toHaveLength(15);
    expect(less).not.toContain('## Predictions');
  });

  it('says how many tokens a picture takes, where there are any', () => {
    expect(markdown).toContain('A picture takes 16 to 36 tokens.');
    const blind = toMarkdown({ ...comparison, model: { ...comparison.model, imageTokens: null } });
    expect(blind).not.toContain('A picture takes');
  });

  it('says in which layouts low types were multiplied and counted, where that is known', () => {
    const said = (kernels?: 'auto' | 'own' | 'stock') =>
      toMarkdown({ ...comparison, machine: { ...comparison.machine, kernels } });
    expect(said('auto')).toMatch(
      /take the least memory.*a chat of the same file takes faster and larger ones/,
    );
    expect(said('own')).toMatch(/in the fastest layouts/);
    expect(said('stock')).toMatch(/llama\.cpp’s own kernels multiply/);
    expect(said()).not.toMatch(/kernels/);
  });

  it('warns where the source itself does not know what it reads', () => {
    expect(markdown).not.toContain('does not know what it reads');
    const [source, ...rows] = comparison.rows;
    const { image } = source?.quality ?? {};
    if (!source || !image) throw new Error('the comparison begins with the source');
    const lost = { ...image, sourcePerplexity: 710_000, belowChance: 0.6, sourceKnows: false };
    const quality = { ...source.quality, image: lost };
    const warned = toMarkdown({ ...comparison, rows: [{ ...source, quality }, ...rows] });
    expect(warned).toContain('does not know what it reads about the held-out pictures');
    expect(warned).toContain('its perplexity is 710,000');
  });

  it('counts predictions that came near enough', () => {
    const running = { tokensPerSecond: 100, promptTokensPerSecond: 1, peakMemoryBytes: 1000 };
    const rows = [
      made({ name: 'near', tokensPerSecond: 114, totalBytes: 1049, running }),
      made({ name: 'far', tokensPerSecond: 84, totalBytes: 940, running }),
    ];
    const counted = toMarkdown(comparisonOf(rows));
    expect(counted).toContain('from 0.84 to 1.14; within 15 % for 1 of 2 rows');
    expect(counted).toContain('from 0.94 to 1.05; within 5 % for 1 of 2 rows');
  });

  it('names every row', () => {
    for (const { name } of comparison.rows) expect(cells(markdown, name), name).not.toEqual([]);
  });

  it('is written as prettier would', async () => {
    await expect(check(markdown, { parser: 'markdown', printWidth: 110 })).resolves.toBe(true);
  });

  it('is so with names that take two columns a character', async () => {
    const rows = ['模型', '모델 Q4', 'e\u0301', '👩‍💻 mine', 'ﬁ'].map((name) => made({ name }));
    const wide = toMarkdown(comparisonOf([...rows, made({})]));
    await expect(check(wide, { parser: 'markdown', printWidth: 110 })).resolves.toBe(true);
  });

  it('has τ of each pair of orders once', () => {
    const { orders } = comparison;
    const tau = orderTau(orders['depth'] ?? [], orders['entropy'] ?? []).toFixed(2);
    expect(cells(markdown, 'depth', tau).slice(0, 3)).toEqual(['depth', tau, (-Number(tau)).toFixed(2)]);
    expect(cells(markdown, 'entropy-descending', '-1.00').slice(2)).toEqual(['', '', '', '', '', '']);
  });

  it('tells of a seed and a number of clusters what they changed', () => {
    expect(markdown).toMatch(
      /entropy, k = 6: KLD on pictures from [\d.]+ at seed = \d to [\d.]+ at seed = \d/,
    );
    expect(markdown).toMatch(/at K = \d+ to [\d.]+ at K = \d+ \(1\.\d\d times the least\)/);
  });
});

describe('what is counted', () => {
  it('where the paper’s order wins, and its place elsewhere', () => {
    const markdown = toMarkdown(
      comparisonOf([
        ...[order('entropy', 2, 0.1), order('entropy', 4, 0.2), order('entropy', 6, 0.5)],
        ...[order('depth', 2, 0.2), order('depth', 4, 0.3), order('depth', 6, 0.4)],
        ...[order('random 1', 2, 0.3), order('random 1', 6, 0.45)],
      ]),
    );
    expect(markdown).toContain(
      'The paper’s order is the closest to the source at k = 2, 4 (2 of 3 measured); its places: 1 of 3 at k = 2, 1 of 2 at k = 4, 3 of 3 at k = 6.',
    );
    expect(markdown).toContain('The closest at each k: entropy (the paper’s) at k = 2, 4; depth at k = 6.');
    expect(markdown).toContain('closer than the mean of the random orders at k = 2 (1 of 2)');
  });

  it('which way of planning is nearest at which size, and by how much', () => {
    const markdown = toMarkdown(
      comparisonOf([
        ...[order('entropy', 2, 0.1), order('entropy', 4, 0.4)],
        ...[
          made({ name: 'IQ3_M', mebibytes: 140, kld: 0.2 }),
          made({ name: 'Q6_K', mebibytes: 500, kld: 0.01 }),
        ],
      ]),
    );
    expect(cells(markdown, '4', '140.0')).toEqual([
      ...['4', '140.0', 'IQ3_M 0.2000', '0.4000', 'one file type', '50'],
    ]);
    expect(markdown).toContain(
      'Nearest: one file type at k = 4 (1 of 2), the paper’s order at k = 2 (1 of 2). Where it is not the nearest, the paper’s plan is 2.00 to 2.00 times',
    );
  });

  it('the paper’s table, with bits as papers count them and as formats store them', () => {
    const markdown = toMarkdown(
      comparisonOf([
        order('entropy', 2, 0.1),
        made({
          name: 'GPTQ 3 g128',
          family: 'rival',
          rival: { method: 'GPTQ 3 g128', paperBits: 3 },
          layerBits: 3.148,
          bitsPerWeight: 3.6,
          kld: 0.2,
        }),
        made({ name: 'source', family: 'source', importance: null, kld: 0 }),
      ]),
    );
    expect(cells(markdown, 'GPTQ 3 g128', '3.00').slice(0, 5)).toEqual([
      'GPTQ 3 g128',
      '3.00',
      '3.15',
      '3.60',
      '0.2000',
    ]);
    expect(cells(markdown, 'LUQ, entropy, 2 layers')).not.toEqual([]);
    expect(toMarkdown(comparisonOf([made({})]))).not.toContain('table for this model');
  });

  it('equal plans count once', () => {
    const rows = [order('entropy', 12, 1), order('depth', 12, 1), order('random 1', 12, 1)];
    expect(toMarkdown(comparisonOf(rows))).toContain(
      '1 of 1 different rows: 0 of one file type, 1 by an order',
    );
    expect(cells(toMarkdown(comparisonOf(rows)), 'entropy, 12 layers and 2 equal')).not.toEqual([]);
  });
});

it('a row without a finite divergence is told', () => {
  const markdown = toMarkdown(comparisonOf([made({ name: 'broken', kld: null }), made({})]));
  expect(markdown).toContain(
    'Without a finite KLD on pictures, and so in no figure and no count below: broken.',
  );
  expect(cells(markdown, 'broken').slice(5, 9)).toEqual(['–', '–', '–', '–']);
});

it('a name is no markup', () => {
  const markdown = toMarkdown(comparisonOf([made({ name: 'a|b <i>*c*\n# d' })]));
  expect(markdown).toContain('| a\\|b \\<i\\>\\*c\\* # d |');
});

it('nothing measured is a page still', () => {
  expect(toMarkdown(comparisonOf([]))).toContain('## All rows');
  expect(toCsv(comparisonOf([])).split('\r\n')).toHaveLength(2);
});

describe('the CSV file', () => {
  it('quotes what needs it, as RFC 4180 has it', () => {
    expect(csv([['plain', 'a,b', 'say "x"', 'two\nlines', null, 0.5, '']])).toBe(
      'plain,"a,b","say ""x""","two\nlines",,0.5,\r\n',
    );
  });

  it('gives every row back, number for number', () => {
    const comparison = madeUp();
    const name = 'quote " comma , line\r\nend';
    const rows = [...comparison.rows, made({ name, kld: null, tokensPerSecond: null })];
    const [header = [], ...records] = parse(toCsv({ ...comparison, rows }));
    expect(records).toHaveLength(rows.length);
    rows.forEach((row, index) => {
      const read = Object.fromEntries(header.map((key, at) => [key, records[index]?.[at]]));
      expect(records[index]).toHaveLength(header.length);
      expect(read).toMatchObject({
        id: row.id,
        name: row.name,
        importance: row.importance ?? '',
        weightsBytes: String(row.weightsBytes),
        'quality.image.meanKld': String(row.quality.image?.meanKld ?? ''),
        'quality.answers.same': String(row.quality.answers?.same),
        tokensPerSecond: row.tokensPerSecond === null ? '' : String(row.tokensPerSecond),
      });
    });
  });
});

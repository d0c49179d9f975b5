import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { competing, modelBytes, pictureKld, rivalRows } from '../../../src-main/compare/findings.ts';
import { axisOf } from '../../../src-main/compare/plots/axes.ts';
import { alphaFigure, clustersAndSeedsFigure } from '../../../src-main/compare/plots/calibration.ts';
import { entropyFigure } from '../../../src-main/compare/plots/entropy.ts';
import { frontierFigure } from '../../../src-main/compare/plots/frontier.ts';
import { placeLabels } from '../../../src-main/compare/plots/labels.ts';
import { ordersFigure } from '../../../src-main/compare/plots/orders.ts';
import { plansFigure } from '../../../src-main/compare/plots/plans.ts';
import { lineFigure } from '../../../src-main/compare/plots/lines.ts';
import { typesFigures } from '../../../src-main/compare/plots/types.ts';
import { plots } from '../../../src-main/compare/plots/plots.ts';
import { escapeXml, wrapText } from '../../../src-main/compare/plots/svg.ts';
import { comparisonSchema } from '../../../src-main/contract/comparison.ts';
import type { Rung } from '../../../src-main/contract/rungs.ts';
import { comparisonOf, made, madeUp, typesOf } from './made-up.ts';

interface Drawn {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

/** The markers that stand for rows. */
function drawn(svg: string | undefined): Drawn[] {
  const marks = svg?.matchAll(/transform="translate\((\S+) (\S+)\)" d="[^"]*" data-row="([^"]*)"/g) ?? [];
  return [...marks].map(([, x, y, id = '']) => ({ id, x: Number(x), y: Number(y) }));
}

function sizeOf(svg: string): { width: number; height: number } {
  const [, width, height] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** Opaque pixels outside the figure, were there room around it. librsvg is a strict reader: what is no XML is an error. */
async function spilled(svg: string): Promise<number> {
  const margin = 100;
  const { width, height } = sizeOf(svg);
  const roomy = svg
    .replace(/width="\S+" height="\S+" viewBox="[^"]*"/, () => {
      const [wide, high] = [width + 2 * margin, height + 2 * margin];
      return `width="${wide}" height="${high}" viewBox="${-margin} ${-margin} ${wide} ${high}"`;
    })
    .replace(/<rect class="paper"[^>]*\/>/, '');
  const { data, info } = await sharp(Buffer.from(roomy))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  let count = 0;
  for (let y = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++) {
      const inside = x >= margin && x < margin + width && y >= margin && y < margin + height;
      if (!inside && (data[(y * info.width + x) * info.channels + 3] ?? 0) > 0) count++;
    }
  }
  return count;
}

const comparison = madeUp();
const hostile = {
  ...comparison,
  model: { ...comparison.model, name: `<script>"&' ]]> \u0007\ud800 ${'wide '.repeat(60)}` },
  rows: comparison.rows.map((row) => ({
    ...row,
    name: `${row.name} <b>&"${'x'.repeat(90)}`,
    id: `${row.id} <"&>`,
  })),
};

describe.each(Object.entries(plots(comparison)))('%s', (name, svg) => {
  it('is XML that a strict reader draws, nothing of it outside', async () => {
    expect((await sharp(Buffer.from(svg)).metadata()).format).toBe('svg');
    expect(await spilled(svg)).toBe(0);
  });

  it('stays so with hostile names', async () => {
    const other = plots(hostile)[name] ?? '';
    expect(other).not.toContain('<script');
    expect(await spilled(other)).toBe(0);
  });

  it('says what it shows, in light and dark, and fetches nothing', () => {
    expect(svg).toMatch(/^<svg [^>]*role="img"[^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/);
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|url\(|<script|href|NaN|undefined|Infinity/,
    );
  });
});

describe('the frontier figure', () => {
  it('has every row where its bytes and divergence are: further right is larger, further down is closer', () => {
    const rows = new Map([...competing(comparison), ...rivalRows(comparison)].map((row) => [row.id, row]));
    const marks = drawn(frontierFigure(comparison)).map(({ id, x, y }) => {
      const row = rows.get(id);
      if (!row) throw new Error(`${id} is no row`);
      return { x, y, bytes: modelBytes(row), kld: Math.log(pictureKld(row) ?? 0) };
    });
    expect(marks.length).toBeGreaterThan(60);
    const [first, last] = [marks[0], marks.at(-1)];
    if (!first || !last) throw new Error('nothing drawn');
    const across = (last.x - first.x) / (last.bytes - first.bytes);
    const down = (last.y - first.y) / (last.kld - first.kld);
    expect(across).toBeGreaterThan(0);
    expect(down).toBeLessThan(0);
    for (const { x, y, bytes, kld } of marks) {
      expect(x).toBeCloseTo(first.x + across * (bytes - first.bytes), 0);
      expect(y).toBeCloseTo(first.y + down * (kld - first.kld), 0);
    }
  });

  it('tells of the file types that are far larger than every mix', () => {
    const svg = frontierFigure(comparison) ?? '';
    expect(drawn(svg).some(({ id }) => id.startsWith('Q6_K'))).toBe(false);
    expect(svg).toContain('Larger than drawn: Q8_0: 289 MiB, 0.000700 nats; Q6_K: 228 MiB, 0.00310 nats.');
  });

  it('tells of the rows it has no place for', () => {
    const rows = [
      ...[made({ name: 'A', mebibytes: 90 }), made({ name: 'B', mebibytes: 80, kld: 0.4 })],
      ...[made({ name: 'broken', kld: null }), made({ name: 'same', kld: 0 })],
    ];
    const svg = frontierFigure(comparisonOf(rows)) ?? '';
    expect(drawn(svg).map(({ id }) => id.split(' ')[0])).toEqual(expect.arrayContaining(['A', 'B']));
    expect(drawn(svg)).toHaveLength(2);
    expect(svg).toContain('no finite divergence on pictures: broken.');
    expect(svg).toContain('divergence on pictures is zero: same.');
  });

  it('draws the step through what nothing beats', () => {
    const rows = [
      ...[made({ name: 'A', mebibytes: 80, kld: 0.4 }), made({ name: 'C', mebibytes: 100, kld: 0.1 })],
      made({ name: 'beaten', mebibytes: 90, kld: 0.6 }),
    ];
    const svg = frontierFigure(comparisonOf(rows)) ?? '';
    const marks = new Map(drawn(svg).map(({ id, x, y }) => [id.split(' ')[0], { x, y }]));
    const step = [...svg.matchAll(/class="line dashed" d="M([^"]*)"/g)].at(-1)?.[1]?.split('L') ?? [];
    const [a, c] = [marks.get('A'), marks.get('C')];
    expect(step.slice(0, 3)).toEqual([`${a?.x},${a?.y}`, `${c?.x},${a?.y}`, `${c?.x},${c?.y}`]);
  });
});

it('the figures in the documents are drawn as figures are now: tools/redraw-figures.ts', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'bench', 'results', 'compare-demo');
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const drawnNow = plots(comparisonSchema.parse(JSON.parse(read('comparison.json'))));
  const kept = readdirSync(folder).filter((name) => name.endsWith('.svg'));
  expect(Object.keys(drawnNow).toSorted()).toEqual(kept.toSorted());
  for (const [name, svg] of Object.entries(drawnNow)) expect(svg === read(name), name).toBe(true);
});

it('a figure cut short would be noticed', async () => {
  const svg = ordersFigure(comparison) ?? '';
  const { height } = sizeOf(svg);
  expect(await spilled(svg.replaceAll(`${height}`, `${height - 40}`))).toBeGreaterThan(0);
});

describe('with too little to draw there is no figure', () => {
  it.each([
    ['nothing', comparisonOf([])],
    ['one row', comparisonOf([made({ family: 'order', ordering: 'entropy', lowLayers: 2 })])],
    ['no picture seen', comparisonOf([made({ kld: null }), made({ kld: null, name: 'B' })])],
    [
      'one layer',
      comparisonOf([], { entropies: [{ both: 6, standardError: 0.1, image: null, text: null }] }),
    ],
  ])('%s', (_, little) => {
    expect(plots(little)).toEqual({});
  });

  it('but the panels that have data stand alone', async () => {
    const rows = comparison.rows.filter(({ clusters }) => clusters === 100);
    const svg = clustersAndSeedsFigure({ ...comparison, rows }) ?? '';
    expect(svg).not.toContain('K: clusters');
    expect(drawn(svg)).toHaveLength(3);
    expect(await spilled(svg)).toBe(0);
  });
});

describe('the figure of plans with a type for every layer', () => {
  const withRungs = (...layerRungs: Rung[]) =>
    made({
      family: 'auto',
      name: layerRungs.join(),
      layerRungs,
      mebibytes: 100 - layerRungs.indexOf('Q2_K'),
    });
  const cells = (svg = '') =>
    [
      ...svg.matchAll(/<g class="s(\d)"><rect class="area" [^>]*height="([^"]*)"><title>layer (\d+): (\w+)/g),
    ].map(([, style, height, layer, type]) => ({
      style,
      height: Number(height),
      layer: Number(layer),
      type,
    }));

  it('draws each layer as its own type, the larger the higher', () => {
    const plans = [
      withRungs('Q6_K', 'IQ3_M', 'Q2_K', 'IQ1_M'),
      withRungs('Q4_K_M', 'Q4_K_M', 'IQ1_M', 'IQ1_M'),
    ];
    const drawnCells = cells(plansFigure(comparisonOf(plans)));
    // a plan without Q2_K is the larger one here
    expect(drawnCells.map(({ layer, type }) => `${layer} ${type}`)).toEqual([
      ...['0 Q4_K_M', '1 Q4_K_M', '2 IQ1_M', '3 IQ1_M'],
      ...['0 Q6_K', '1 IQ3_M', '2 Q2_K', '3 IQ1_M'],
    ]);
    const bySize = ['IQ1_M', 'Q2_K', 'IQ3_M', 'Q4_K_M', 'Q6_K'];
    const heights = bySize.map((type) => drawnCells.find((cell) => cell.type === type)?.height ?? 0);
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
    const looks = new Set(drawnCells.map(({ type, style, height }) => `${type} ${style} ${height}`));
    expect(looks.size).toBe(bySize.length);
  });

  it('is not drawn of a comparison from before types were kept', () => {
    const { layerRungs: _, ...before } = withRungs('Q6_K', 'IQ1_M');
    expect(plansFigure(comparisonOf([before]))).toBeUndefined();
  });
});

describe('the figure of a type for every tensor', () => {
  const withTypes = (layers: number, rank: number) =>
    made({
      family: 'best',
      name: `best ${rank}`,
      bitsPerWeight: 2 + rank,
      tensorTypes: typesOf(layers, rank),
    });
  const cells = (svg = '') =>
    [
      ...svg.matchAll(
        /<g class="(b\d)"><rect class="area"[^>]*><title>([^<]*): (\w+)<\/title><\/rect><text[^>]*>([^<]*)/g,
      ),
    ].map(([, colour, place, type, written]) => ({ colour, place, type, written }));

  it.each([12, 28, 64])('names the type of every matrix of %i layers', async (layers) => {
    const row = withTypes(layers, 3);
    const [svg] = Object.values(typesFigures(comparisonOf([row])));
    const drawnCells = cells(svg);
    const matrices = Object.entries(row.tensorTypes ?? {}).filter(([, type]) => type !== 'F32');
    const expected = matrices.map(([name, type]) => {
      const [, layer, className] = /^blk\.(\d+)\.(\w+)/.exec(name) ?? [];
      return `${layer === undefined ? name.replace('.weight', '') : `layer ${layer}, ${className}`} ${type}`;
    });
    expect(drawnCells.map(({ place, type }) => `${place} ${type}`).toSorted()).toEqual(expected.toSorted());
    for (const { type, written } of drawnCells) expect(written).toBe(type);
    expect(await spilled(svg ?? '')).toBe(0);
  });

  it('is coloured by bits, few and many apart', () => {
    const [svg] = Object.values(typesFigures(comparisonOf([withTypes(12, 3)])));
    const colours = new Map(cells(svg).map(({ type, colour }) => [type, colour]));
    const bySize = ['IQ2_S', 'IQ3_XXS', 'IQ3_S', 'Q5_K', 'Q6_K'].map((type) => colours.get(type));
    expect(bySize).toEqual(bySize.toSorted());
    expect(new Set(bySize).size).toBeGreaterThan(3);
  });

  it('is one for each such plan, named by its bits, and none of others', () => {
    const plans = comparisonOf([withTypes(12, 1), withTypes(12, 4), made({ name: 'IQ3_M' })]);
    expect(Object.keys(typesFigures(plans))).toEqual(['types-3.00-bits.svg', 'types-6.00-bits.svg']);
    expect(typesFigures(comparisonOf([made({ name: 'IQ3_M' })]))).toEqual({});
  });
});

describe('other methods', () => {
  it('are drawn in the frontier figure, and are never on the frontier', () => {
    const rows = [
      ...[made({ name: 'A', mebibytes: 80, kld: 0.4 }), made({ name: 'C', mebibytes: 100, kld: 0.1 })],
      made({
        name: 'GPTQ 3',
        family: 'rival',
        rival: { method: 'GPTQ 3', paperBits: 3 },
        mebibytes: 85,
        kld: 0.05,
      }),
    ];
    const svg = frontierFigure(comparisonOf(rows)) ?? '';
    expect(drawn(svg).map(({ id }) => id.split(' /')[0])).toEqual(
      expect.arrayContaining(['A', 'C', 'GPTQ 3']),
    );
    expect(svg).toContain('On the frontier, by size: A: 101 MiB, 0.400 nats; C: 121 MiB, 0.100 nats.');
  });
});

it('a standard error is drawn above and below its point, within the axes', () => {
  const line = {
    name: 'entropy',
    style: 0,
    points: [
      { x: 0, y: 6, error: 0.5, title: 'a' },
      { x: 1, y: 6.1, title: 'b' },
    ],
  };
  const [x, y] = [axisOf({ label: 'layer' }), axisOf({ label: 'bits' })];
  const frame = { title: '', subtitle: '', description: '', notes: [] };
  const svg = lineFigure(frame, [{ x, y, lines: [line] }]);
  const [, x1, y1, x2, y2] =
    /class="whisker" x1="([^"]*)" y1="([^"]*)" x2="([^"]*)" y2="([^"]*)"/.exec(svg) ?? [];
  const mark = /class="mark" transform="translate\((\S+) (\S+)\)"/.exec(svg);
  expect([x1, x2]).toEqual([mark?.[1], mark?.[1]]);
  const middle = Number(mark?.[2]);
  expect(Number(y1) - middle).toBeCloseTo(middle - Number(y2), 1);
  expect(Number(y1)).toBeGreaterThan(middle + 50);
  expect(svg.match(/class="whisker"/g)).toHaveLength(1);
});

it('lines run through their points from left to right', () => {
  const marks = drawn(alphaFigure(comparison));
  expect(marks).toHaveLength(15);
  for (const panel of [marks.slice(0, 5), marks.slice(5, 10), marks.slice(10)]) {
    const across = panel.map(({ x }) => x);
    expect(across).toEqual(across.toSorted((a, b) => a - b));
  }
});

it('lines whose ends are apart are named there, others in a legend', async () => {
  const row = (ordering: string, lowLayers: number, kld: number) =>
    made({ family: 'order', ordering, lowLayers, kld, name: `${ordering} ${lowLayers}` });
  const apart = [row('entropy', 2, 0.1), row('entropy', 4, 0.2), row('depth', 2, 0.3), row('depth', 4, 0.9)];
  const direct = ordersFigure(comparisonOf(apart)) ?? '';
  expect(direct).toContain('class="labels"');
  expect(await spilled(direct)).toBe(0);
  const meeting = [...apart, row('entropy', 12, 1.2), row('depth', 12, 1.2)];
  expect(ordersFigure(comparisonOf(meeting))).not.toContain('class="labels"');
});

it('the entropy of a layer has a bar for its error', () => {
  const bits = (both: number, standardError: number | null) => ({
    both,
    standardError,
    image: null,
    text: null,
  });
  const drawn = (error: number | null) =>
    entropyFigure(comparisonOf([], { entropies: [bits(6, error), bits(6.1, error), bits(6.2, error)] })) ??
    '';
  const bars = (svg: string) => svg.match(/class="whisker"/g) ?? [];
  expect(bars(drawn(0.3))).toHaveLength(3);
  expect(drawn(0.3)).toContain('± 0.300');
  expect(bars(drawn(null))).toEqual([]);
});

it('a layer without image tokens is a gap in the line', () => {
  const entropies = [0, 1, 2, 3, 4].map((layer) => ({
    both: 6 + layer / 10,
    standardError: 0.1,
    image: layer === 2 ? null : 5,
    text: null,
  }));
  const svg = entropyFigure(comparisonOf([], { entropies })) ?? '';
  const runs = [...svg.matchAll(/class="line" d="M([^"]*)"/g)].map(([, path = '']) =>
    path.split('M').map((run) => run.split('L').length),
  );
  expect(runs).toEqual([[5], [2, 2]]);
});

describe('axes', () => {
  it.each([
    [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [[83, 171], 6, [80, 100, 120, 140, 160]],
    [[6.01, 6.49], 5, [6, 6.1, 6.2, 6.3, 6.4, 6.5]],
  ] as const)('ticks of %j are round', (values, count, expected) => {
    const { ticks, format } = axisOf({ label: '', count })(values, [0, 300]);
    expect(ticks).toEqual(expected);
    expect(ticks.map(format)).toEqual(expected.map(String));
  });

  it('a logarithmic one gives equal factors equal room, and writes no more numbers than can be read', () => {
    const { at, ticks, format } = axisOf({ label: '', log: true })([0.01, 10], [0, 300]);
    expect(at(0.1) - at(0.01)).toBeCloseTo(at(10) - at(1), 9);
    const told = ticks.filter((tick) => format(tick) !== '');
    expect(told).toEqual(expect.arrayContaining([0.01, 0.1, 1, 10]));
    for (const [index, tick] of told.slice(1).entries()) {
      expect(at(tick) - at(told[index] ?? NaN)).toBeGreaterThan(12);
    }
  });

  it('a single value stands in the middle, and has ticks', () => {
    const linear = axisOf({ label: '' })([5], [0, 100]);
    expect(linear.at(5)).toBeCloseTo(50, 6);
    const log = axisOf({ label: '', log: true, span: 2 })([0.3], [0, 100]);
    expect(log.at(0.3)).toBeCloseTo(50, 6);
    for (const { ticks } of [linear, log]) expect(ticks.length).toBeGreaterThan(1);
  });
});

it('labels touch neither points nor one another', () => {
  const within = { left: 0, top: 0, width: 200, height: 100 };
  const labels = [20, 22, 24, 26, 28].map((x) => ({ content: 'label', x, y: 50 }));
  const placed = placeLabels(labels, [], within);
  expect(placed.length).toBeGreaterThan(1);
  expect(placed.length).toBeLessThan(5);
  for (const { box: a } of placed) {
    for (const { box: b } of placed) {
      const apart =
        a === b ||
        a.left + a.width <= b.left ||
        b.left + b.width <= a.left ||
        a.top + a.height <= b.top ||
        b.top + b.height <= a.top;
      expect(apart).toBe(true);
    }
  }
});

it('text is wrapped between words, and clipped where one word is too long', () => {
  expect(wrapText('a bb ccc', 200)).toEqual(['a bb ccc']);
  expect(wrapText('aaaa bbbb cccc', 66)).toEqual(['aaaa bbbb', 'cccc']);
  expect(wrapText('x'.repeat(50), 66)[0]).toMatch(/^x+…$/);
  // two columns a character, and none cut in two
  expect(wrapText('模型'.repeat(9), 66)).toEqual(['模型模型…']);
  expect(wrapText('😀'.repeat(9), 66)).toEqual(['😀😀😀😀…']);
});

it('what XML has no place for is replaced', () => {
  expect(escapeXml('a<b>&"\u0000\ud800😀')).toBe('a&lt;b&gt;&amp;&quot;\ufffd\ufffd😀');
});

import type { Compared, Comparison } from '../contract/comparison.ts';
import type { Divergence } from '../contract/fit-report.ts';
import { formatBytes } from '../profile/bytes.ts';
import { orderTau } from '../luq/orders.ts';
import { csv } from './csv.ts';
import {
  bestNoLarger,
  closerThan,
  competing,
  contests,
  frontier,
  isUsual,
  matrixPairs,
  modelBytes,
  orderCurves,
  orderingName,
  pictureKld,
  type Series,
  variations,
  type Varied,
} from './findings.ts';
import { column, escapeMarkdown, markdownTable, numbers, type Column } from './markdown.ts';

/** The numbers of a comparison in full, and what can be counted in them. */

const NONE = '–';

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

/** Four decimals, or two digits of what is less than that shows. */
function nats(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  return value === 0 || Math.abs(value) >= 0.001 ? value.toFixed(4) : value.toPrecision(2);
}

function percent(value: number | undefined): string {
  return value === undefined ? NONE : (value * 100).toFixed(1);
}

function fixed(value: number | null | undefined, digits: number): string {
  return value?.toFixed(digits) ?? NONE;
}

function list(values: readonly (string | number)[]): string {
  return values.join(', ');
}

const bothOf = (row: Compared, write: (divergence: Divergence | undefined) => string) =>
  `${write(row.quality.image ?? undefined)} / ${write(row.quality.text ?? undefined)}`;

function matrix({ importance }: Compared): string {
  return importance === 'multimodal' ? 'pictures and text' : importance === 'text-only' ? 'text' : 'none';
}

function answers({ quality }: Compared): string {
  return quality.answers ? `${quality.answers.same}/${quality.answers.asked}` : NONE;
}

const nameColumn: Column<Compared> = column('name', ({ name }) => escapeMarkdown(name));
const bytesColumn: Column<Compared> = numbers('weights, MiB', ({ weightsBytes }) => mebibytes(weightsBytes));
const pictureColumn: Column<Compared> = numbers('KLD pictures', (row) => nats(pictureKld(row)));
const textColumn: Column<Compared> = numbers('KLD text', ({ quality }) => nats(quality.text?.meanKld));
const choiceColumn: Column<Compared> = numbers('same first choice, %', (row) =>
  bothOf(row, (divergence) => percent(divergence?.topAgreement)),
);
const answersColumn: Column<Compared> = numbers('answers word for word', answers);

const ROW_COLUMNS: readonly Column<Compared>[] = [
  nameColumn,
  column('importance matrix', matrix),
  bytesColumn,
  numbers('vision, MiB', ({ visionBytes }) => mebibytes(visionBytes)),
  numbers('bits/weight', ({ bitsPerWeight }) => bitsPerWeight.toFixed(2)),
  pictureColumn,
  numbers('median', ({ quality }) => nats(quality.image?.medianKld)),
  numbers('99 %', ({ quality }) => nats(quality.image?.p99Kld)),
  textColumn,
  choiceColumn,
  answersColumn,
  numbers('perplexity', (row) => bothOf(row, (divergence) => fixed(divergence?.perplexity, 2))),
  numbers('tokens/s predicted', ({ tokensPerSecond }) => fixed(tokensPerSecond, 1)),
  numbers('memory predicted', ({ totalBytes }) => formatBytes(totalBytes)),
];
const SCORE_COLUMN: Column<Compared> = numbers('score', ({ accuracy }) => fixed(accuracy, 1));
const RUNNING_COLUMNS: readonly Column<Compared>[] = [
  numbers('tokens/s measured', ({ running }) => fixed(running?.tokensPerSecond, 1)),
  numbers('prompt tokens/s', ({ running }) => fixed(running?.promptTokensPerSecond, 0)),
  numbers('peak memory', ({ running }) => (running ? formatBytes(running.peakMemoryBytes) : NONE)),
];

/** Columns of what was measured in this comparison. */
function rowColumns({ rows, task }: Comparison): readonly Column<Compared>[] {
  return [
    ...ROW_COLUMNS,
    ...(task ? [SCORE_COLUMN] : []),
    ...(rows.some(({ running }) => running !== null) ? RUNNING_COLUMNS : []),
  ];
}

const CALIBRATION_COLUMNS: readonly Column<Compared>[] = [
  numbers('α', ({ alpha }) => String(alpha)),
  numbers('K', ({ clusters }) => String(clusters)),
  numbers('seed', ({ seed }) => String(seed)),
];

/** Sections and paragraphs, a blank line between them; what is empty is left out. */
function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function head(comparison: Comparison): string {
  const { model, rungs, machine, rows } = comparison;
  const { alpha, clusters, seed } = comparison.calibration;
  const own = (kind: 'image' | 'text') =>
    rows.map(({ quality }) => quality[kind]?.sourcePerplexity).find((value) => typeof value === 'number');
  return paragraphs(
    `# ${escapeMarkdown(model.name)}: what each way of making it smaller costs`,
    [
      `${model.layers} layers, ${(model.parameters / 1e6).toFixed(0)} million parameters; source sha256 ${model.sourceSha256.slice(0, 16)}….`,
      `Two rungs: ${rungs.high}, and ${rungs.low} for the layers that are low.`,
      `Measured with llama.cpp ${escapeMarkdown(machine.llamaCpp)}, ${machine.threads} threads, on ${escapeMarkdown(machine.cpu)}.`,
      `Unless something else is said, calibrated with α = ${alpha} (share of image tokens), K = ${clusters} clusters and seed ${seed}.`,
      `Memory and speed are for a context of ${comparison.contextTokens} tokens.`,
    ].join(' '),
    [
      'KLD is the mean KL divergence from the source over next tokens, in nats: less is closer.',
      'On pictures it is taken where answers about pictures are given, with the picture seen; median and 99 % are of those.',
      'Same first choice and perplexity are given for pictures / text.',
      `The source's own perplexity: ${fixed(own('image'), 2)} / ${fixed(own('text'), 2)}.`,
      ...(comparison.task
        ? [
            `Score: ${comparison.task.metric} at ${comparison.task.questions} questions of ${escapeMarkdown(comparison.task.name)}, of ${comparison.task.max}.`,
          ]
        : []),
      `${NONE} stands for what is not finite or was not measured.`,
    ].join(' '),
  );
}

const FAMILIES: readonly (readonly [Compared['family'], string])[] = [
  ['source', 'Source'],
  ['uniform', 'One file type for all layers'],
  ['order', 'The first k layers of an order low'],
  ['auto', 'A rung for every layer'],
  ['projector', 'A smaller vision encoder'],
];

function allRows(comparison: Comparison): string {
  const usual = comparison.calibration;
  const columns = rowColumns(comparison);
  const groups = FAMILIES.map(([family, title]) => {
    const rows = comparison.rows.filter((row) => row.family === family && isUsual(row, usual));
    return rows.length > 0 ? paragraphs(`### ${title}`, markdownTable(columns, rows)) : '';
  });
  const others = comparison.rows.filter((row) => !isUsual(row, usual));
  const other = paragraphs(
    '### Other calibrations',
    markdownTable([nameColumn, ...CALIBRATION_COLUMNS, ...columns.slice(1)], others),
  );
  const unmeasured = comparison.rows.filter((row) => pictureKld(row) === null);
  return paragraphs(
    '## All rows',
    ...groups,
    others.length > 0 ? other : '',
    unmeasured.length > 0
      ? `Without a finite KLD on pictures, and so in no figure and no count below: ${unmeasured.map(({ name }) => escapeMarkdown(name)).join('; ')}.`
      : '',
  );
}

/** Rows of equal size and divergence stand once: with all layers low, all orders are one plan. */
function distinct(rows: readonly Compared[]): { row: Compared; equal: number }[] {
  const groups = Map.groupBy(rows, (row) => `${modelBytes(row)} ${pictureKld(row)}`);
  return [...groups.values()].flatMap(([row, ...equal]) => (row ? [{ row, equal: equal.length }] : []));
}

function frontierSection(comparison: Comparison): string {
  const rows = competing(comparison);
  const best = distinct(frontier(rows));
  if (best.length === 0) return '';
  const measured = distinct(rows.filter((row) => pictureKld(row) !== null));
  const count = (family: Compared['family']) => best.filter(({ row }) => row.family === family).length;
  const columns = [
    column<(typeof best)[number]>('name', ({ row, equal }) => {
      const more = equal > 0 ? ` and ${equal} equal` : '';
      return `${escapeMarkdown(row.name)}${more}`;
    }),
    ...[ROW_COLUMNS[1], bytesColumn, pictureColumn, textColumn, choiceColumn, answersColumn].flatMap(
      (shown) => (shown ? [{ ...shown, cell: ({ row }: { row: Compared }) => shown.cell(row) }] : []),
    ),
  ];
  return paragraphs(
    '## Frontier',
    `Rows that no other row beats: none is at most as large and at most as far from the source on pictures, and less in one of the two. ` +
      `${best.length} of ${measured.length} different rows: ${count('uniform')} of one file type, ${count('order')} by an order, ${count('auto')} with a rung for every layer.`,
    markdownTable(columns, best),
    rivals(comparison, rows),
  );
}

/** The paper's plan beside the best that is no larger. */
function rivals(comparison: Comparison, rows: readonly Compared[]): string {
  const own = orderCurves(comparison).find(({ name }) => name === 'entropy');
  const measured = own?.rows.filter((row) => pictureKld(row) !== null) ?? [];
  if (measured.length === 0) return '';
  const kinds = [
    ['uniform', 'file type for all layers'],
    ['auto', 'plan with a rung for every layer'],
  ] as const;
  const sections = kinds.map(([family, what]) => {
    const best = (row: Compared) =>
      bestNoLarger(
        row,
        rows.filter((other) => other.family === family),
      );
    const pairs = measured.flatMap((row) => {
      const rival = best(row);
      return rival ? [{ row, rival }] : [];
    });
    const closer = pairs.filter(({ row, rival }) => (pictureKld(rival) ?? 0) < (pictureKld(row) ?? 0));
    const sentence =
      pairs.length > 0
        ? `A ${what} that is no larger is closer to the source than the paper’s plan at ${atK(closer.map(({ row }) => row))} (${closer.length} of ${pairs.length}).`
        : '';
    return { family, best, sentence };
  });
  const columns: Column<Compared>[] = [
    numbers('k', ({ lowLayers }) => String(lowLayers)),
    bytesColumn,
    pictureColumn,
    ...sections.flatMap(({ family, best }) => [
      column<Compared>(`best ${family} no larger`, (row) => {
        const rival = best(row);
        return rival ? `${escapeMarkdown(rival.name)}, ${mebibytes(rival.weightsBytes)} MiB` : NONE;
      }),
      numbers<Compared>('its KLD', (row) => {
        const rival = best(row);
        return rival ? nats(pictureKld(rival)) : NONE;
      }),
    ]),
  ];
  return paragraphs(
    '### The paper’s plan beside what is no larger',
    markdownTable(columns, measured),
    sections
      .map(({ sentence }) => sentence)
      .filter((sentence) => sentence !== '')
      .join(' '),
  );
}

function atK(rows: readonly { lowLayers: number | null }[]): string {
  return rows.length === 0 ? 'no k' : `k = ${list(rows.map(({ lowLayers }) => lowLayers ?? 0))}`;
}

function ordersSection(comparison: Comparison): string {
  const curves = orderCurves(comparison);
  const names = Object.keys(comparison.orders);
  if (curves.length === 0 && names.length < 2) return '';
  const counts = [...new Set(curves.flatMap(({ rows }) => rows.map(({ lowLayers }) => lowLayers ?? 0)))];
  const at = (curve: Series, lowLayers: number) => curve.rows.find((row) => row.lowLayers === lowLayers);
  const columns = [
    numbers<number>('k', String),
    ...curves.map((curve) =>
      numbers<number>(escapeMarkdown(orderingName(curve.name)), (lowLayers) => {
        const row = at(curve, lowLayers);
        return row ? nats(pictureKld(row)) : NONE;
      }),
    ),
  ];
  return paragraphs(
    '## Orders',
    counts.length > 0
      ? paragraphs(
          `KLD on pictures with the first k of ${comparison.model.layers} layers in ${comparison.rungs.low}:`,
          markdownTable(
            columns,
            counts.toSorted((a, b) => a - b),
          ),
          contestSentences(comparison, curves),
        )
      : '',
    tauTable(comparison, names.filter(isOwnOrder)),
  );
}

function contestSentences(comparison: Comparison, curves: readonly Series[]): string {
  const at = contests(curves, comparison.model.layers);
  if (at.length === 0) return '';
  const wins = curves.map(({ name }) => ({
    name,
    at: at.filter((contest) => closerThan(name, contest) === 0),
  }));
  const own = at.flatMap((contest) => {
    const closer = closerThan('entropy', contest);
    return closer === undefined ? [] : [{ contest, closer }];
  });
  const won = own.filter(({ closer }) => closer === 0).map(({ contest }) => contest);
  const places = own.map(
    ({ contest, closer }) => `${closer + 1} of ${contest.ranking.length} at k = ${contest.lowLayers}`,
  );
  return [
    ...(own.length > 0
      ? [
          `The paper’s order is the closest to the source at ${atK(won)} (${won.length} of ${own.length} measured); its places: ${list(places)}.`,
        ]
      : []),
    `The closest at each k: ${wins
      .filter((order) => order.at.length > 0)
      .map((order) => `${escapeMarkdown(orderingName(order.name))} at ${atK(order.at)}`)
      .join('; ')}.`,
    againstRandom(at),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** The paper's order against the mean of the random ones. */
function againstRandom(at: ReturnType<typeof contests>): string {
  const compared = at.flatMap(({ lowLayers, ranking }) => {
    const random = ranking.filter(({ name }) => name.startsWith('random'));
    const own = ranking.find(({ name }) => name === 'entropy');
    if (!own || random.length === 0) return [];
    const mean = random.reduce((sum, { kld }) => sum + kld, 0) / random.length;
    return [{ lowLayers, closer: own.kld < mean }];
  });
  const closer = compared.filter((contest) => contest.closer);
  return compared.length === 0
    ? ''
    : `The paper’s order is closer than the mean of the random orders at ${atK(closer)} (${closer.length} of ${compared.length}).`;
}

/** Orders of the usual calibration; "entropy, K = 50" is the paper's under another one. */
function isOwnOrder(name: string): boolean {
  return !/^entropy[ ,(]/.test(name);
}

function tauOf({ taus, orders }: Comparison, a: string, b: string): number | undefined {
  const pair = taus.find((tau) => (tau.a === a && tau.b === b) || (tau.a === b && tau.b === a));
  if (pair) return pair.tau;
  const [first, second] = [orders[a], orders[b]];
  return first && second && first.length === second.length ? orderTau(first, second) : undefined;
}

/** Each pair once. */
function tauTable(comparison: Comparison, names: readonly string[]): string {
  if (names.length < 2) return '';
  const columns = [
    column<number>('', (row) => escapeMarkdown(names[row] ?? '')),
    ...names
      .slice(0, -1)
      .map((name, index) =>
        numbers<number>(escapeMarkdown(name), (row) =>
          index < row ? fixed(tauOf(comparison, names[row] ?? '', name), 2) : '',
        ),
      ),
  ];
  return paragraphs(
    '### How alike the orders are',
    'Kendall’s τ: 1 for the same order, −1 for its reverse, around 0 where they have nothing to do with each other.',
    markdownTable(columns, names.map((_, index) => index).slice(1)),
  );
}

const VARIED: readonly (readonly [Varied, string, string])[] = [
  ['alpha', 'α', '### α: share of image tokens'],
  ['clusters', 'K', '### K: clusters'],
  ['seed', 'seed', '### Seed'],
];

function calibrationSection(comparison: Comparison): string {
  const parts = VARIED.flatMap(([varied, symbol, title]) => {
    const series = variations(comparison, varied);
    if (series.length === 0) return [];
    const rows = series.flatMap(({ name, rows: ofIt }) => ofIt.map((row) => ({ name, row })));
    const columns = [
      column<(typeof rows)[number]>('plan', ({ name }) => escapeMarkdown(name)),
      numbers<(typeof rows)[number]>(symbol, ({ row }) => String(row[varied])),
      ...[pictureColumn, textColumn, choiceColumn, answersColumn].map((shown) => ({
        ...shown,
        cell: ({ row }: { row: Compared }) => shown.cell(row),
      })),
    ];
    const sentences = series.map((one) => spread(one, varied, symbol)).filter((sentence) => sentence !== '');
    return [paragraphs(title, markdownTable(columns, rows), sentences.join(' '))];
  });
  const orders = otherOrders(comparison);
  return parts.length + orders.length === 0 ? '' : paragraphs('## Calibration', ...parts, orders);
}

function spread({ name, rows }: Series, varied: Varied, symbol: string): string {
  const measured = rows.filter((row) => pictureKld(row) !== null);
  const ascending = measured.toSorted((a, b) => (pictureKld(a) ?? 0) - (pictureKld(b) ?? 0));
  const [least, most] = [ascending[0], ascending.at(-1)];
  if (!least || !most || least === most) return '';
  const [low, high] = [pictureKld(least) ?? 0, pictureKld(most) ?? 0];
  const plan = escapeMarkdown(name);
  if (low === high) return `${plan}: the same KLD on pictures at all ${measured.length}.`;
  const ratio = low > 0 ? ` (${(high / low).toFixed(2)} times the least)` : '';
  return `${plan}: KLD on pictures from ${nats(low)} at ${symbol} = ${least[varied]} to ${nats(high)} at ${symbol} = ${most[varied]}${ratio}.`;
}

/** The paper's order under other calibrations, where the comparison has such orders. */
function otherOrders(comparison: Comparison): string {
  const own = comparison.orders['entropy'];
  const others = Object.entries(comparison.orders).filter(([name]) => !isOwnOrder(name));
  if (!own || others.length === 0) return '';
  const counts = (orderCurves(comparison).find(({ name }) => name === 'entropy')?.rows ?? [])
    .map(({ lowLayers }) => lowLayers ?? 0)
    .filter((lowLayers) => lowLayers > 0 && lowLayers < comparison.model.layers);
  const columns = [
    column<(typeof others)[number]>('order', ([name]) => escapeMarkdown(name)),
    numbers<(typeof others)[number]>('τ to entropy', ([name]) =>
      fixed(tauOf(comparison, name, 'entropy'), 2),
    ),
    ...counts.map((count) =>
      numbers<(typeof others)[number]>(`same of first ${count}`, ([, order]) => {
        const first = new Set(own.slice(0, count));
        return String(order.slice(0, count).filter((layer) => first.has(layer)).length);
      }),
    ),
  ];
  return paragraphs('### The order under other calibrations', markdownTable(columns, others));
}

function matrixSection(comparison: Comparison): string {
  const pairs = matrixPairs(comparison);
  if (pairs.length === 0) return '';
  type Pair = (typeof pairs)[number];
  const columns = [
    column<Pair>('file type', ({ multimodal }) => escapeMarkdown(multimodal.name)),
    numbers<Pair>('KLD pictures: pictures and text', ({ multimodal }) => nats(pictureKld(multimodal))),
    numbers<Pair>('text alone', ({ textOnly }) => nats(pictureKld(textOnly))),
    numbers<Pair>('KLD text: pictures and text', ({ multimodal }) => nats(multimodal.quality.text?.meanKld)),
    numbers<Pair>('text alone', ({ textOnly }) => nats(textOnly.quality.text?.meanKld)),
  ];
  const counted = (kind: 'image' | 'text') => {
    const both = pairs.flatMap(({ multimodal, textOnly }) => {
      const a = multimodal.quality[kind]?.meanKld ?? null;
      const b = textOnly.quality[kind]?.meanKld ?? null;
      return a === null || b === null ? [] : [{ closer: a < b, same: a === b }];
    });
    const closer = both.filter((pair) => pair.closer).length;
    const same = both.filter((pair) => pair.same).length;
    return `closer for ${closer} of ${both.length} file types${same > 0 ? `, the same for ${same}` : ''}`;
  };
  return paragraphs(
    '## Importance matrix',
    'The same file types with an importance matrix taken over pictures and text, and over text alone:',
    markdownTable(columns, pairs),
    `With the matrix from pictures and text, on pictures: ${counted('image')}; on text: ${counted('text')}.`,
  );
}

/** What was said of speed and memory beforehand, beside what running the rows showed. */
function predictionSection({ rows }: Comparison): string {
  const ratios = rows.flatMap(({ tokensPerSecond, totalBytes, running }) =>
    running && tokensPerSecond !== null
      ? [
          {
            speed: tokensPerSecond / running.tokensPerSecond,
            memory: totalBytes / running.peakMemoryBytes,
          },
        ]
      : [],
  );
  if (ratios.length === 0) return '';
  const line = (what: string, values: readonly number[], within: number) => {
    const sorted = values.toSorted((a, b) => a - b);
    const near = sorted.filter((ratio) => Math.abs(ratio - 1) <= within).length;
    const median = sorted[sorted.length >> 1] ?? NaN;
    return (
      `Predicted ${what}, as a ratio to what was measured: median ${median.toFixed(2)}, from ${fixed(sorted[0], 2)} to ${fixed(sorted.at(-1), 2)}; ` +
      `within ${within * 100} % for ${near} of ${sorted.length} rows.`
    );
  };
  return paragraphs(
    '## Predictions',
    line(
      'speed',
      ratios.map(({ speed }) => speed),
      0.15,
    ),
    line(
      'memory',
      ratios.map(({ memory }) => memory),
      0.05,
    ),
  );
}

/** Everything as one page: all rows, then a section for each question the data has an answer to. */
export function toMarkdown(comparison: Comparison): string {
  const sections = [
    head,
    allRows,
    frontierSection,
    ordersSection,
    calibrationSection,
    matrixSection,
    predictionSection,
  ];
  return `${paragraphs(...sections.map((section) => section(comparison)))}\n`;
}

const DIVERGENCE_FIELDS = [
  'tokens',
  'meanKld',
  'medianKld',
  'p90Kld',
  'p99Kld',
  'topAgreement',
  'perplexity',
  'sourcePerplexity',
] as const satisfies readonly (keyof Divergence)[];

/** All rows as they are, one field a column, named as in the JSON; null is an empty field. RFC 4180. */
export function toCsv({ rows }: Comparison): string {
  const fields: readonly (readonly [string, (row: Compared) => string | number | null])[] = [
    ...(
      ['id', 'name', 'family', 'importance', 'ordering', 'lowLayers', 'alpha', 'clusters', 'seed'] as const
    ).map((key) => [key, (row: Compared) => row[key]] as const),
    ...(['weightsBytes', 'visionBytes', 'bitsPerWeight'] as const).map(
      (key) => [key, (row: Compared) => row[key]] as const,
    ),
    ...(['image', 'text'] as const).flatMap((kind) =>
      DIVERGENCE_FIELDS.map(
        (key) => [`quality.${kind}.${key}`, (row: Compared) => row.quality[kind]?.[key] ?? null] as const,
      ),
    ),
    ...(['asked', 'same'] as const).map(
      (key) => [`quality.answers.${key}`, (row: Compared) => row.quality.answers?.[key] ?? null] as const,
    ),
    ...(['tokensPerSecond', 'totalBytes', 'accuracy'] as const).map(
      (key) => [key, (row: Compared) => row[key]] as const,
    ),
    ...(['tokensPerSecond', 'promptTokensPerSecond', 'peakMemoryBytes'] as const).map(
      (key) => [`running.${key}`, (row: Compared) => row.running?.[key] ?? null] as const,
    ),
  ];
  return csv([fields.map(([name]) => name), ...rows.map((row) => fields.map(([, value]) => value(row)))]);
}

import type { Comparison } from '../../contract/comparison.ts';
import { orderTau } from '../../luq/entropy/orders.ts';
import { atK, fixed, list, nats, NONE, paragraphs } from '../cells.ts';
import { closerThan, contests, orderCurves, orderingName, pictureKld, type Series } from '../findings.ts';
import { column, escapeMarkdown, markdownTable, numbers } from '../markdown.ts';

/** What the order in which layers go low decides. */

export function ordersSection(comparison: Comparison): string {
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
    tauTable(comparison, names),
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

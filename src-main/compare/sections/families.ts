import type { Comparison } from '../../contract/comparison.ts';
import { atK, bytesColumn, fixed, list, nats, NONE, paragraphs } from '../cells.ts';
import { familyContests, type FamilyContest } from '../findings.ts';
import { column, escapeMarkdown, markdownTable, numbers } from '../markdown.ts';

/** Which way of planning is nearest to the source at which size, and by how much. */

const PAPER = 'the paper’s order';

export function familiesSection(comparison: Comparison): string {
  const contests = familyContests(comparison);
  if (contests.length === 0) return '';
  const families = [
    ...new Set(contests.flatMap(({ ranking }) => ranking.map(({ name }) => name))),
  ].toSorted();
  const columns = [
    numbers<FamilyContest>('k', ({ paper }) => String(paper.lowLayers)),
    { ...bytesColumn, cell: ({ paper }: FamilyContest) => bytesColumn.cell(paper) },
    ...families.map((family) =>
      numbers<FamilyContest>(family, ({ ranking }) => {
        const entry = ranking.find(({ name }) => name === family);
        if (!entry) return NONE;
        const { row, kld } = entry;
        return row.family === 'uniform' ? `${escapeMarkdown(row.name)} ${nats(kld)}` : nats(kld);
      }),
    ),
    column<FamilyContest>('nearest', ({ ranking: [first] }) => first?.name ?? NONE),
    numbers<FamilyContest>('nearer than the next by, %', ({ ranking: [first, second] }) =>
      first && second && second.kld > 0 ? ((1 - first.kld / second.kld) * 100).toFixed(0) : NONE,
    ),
  ];
  return paragraphs(
    '## Ways of planning',
    'KLD on pictures of the nearest plan of each kind that is no larger, within 1 %, than the paper’s with k low layers:',
    markdownTable(columns, contests),
    winners(contests, families),
  );
}

/** Who wins where, and what the paper's plan is beside it. */
function winners(contests: readonly FamilyContest[], families: readonly string[]): string {
  const wins = families
    .map((family) => ({ family, at: contests.filter(({ ranking: [first] }) => first?.name === family) }))
    .filter(({ at }) => at.length > 0)
    .map(
      ({ family, at }) =>
        `${family} at ${atK(at.map(({ paper }) => paper))} (${at.length} of ${contests.length})`,
    );
  const behind = contests.flatMap(({ ranking }) => {
    const [first] = ranking;
    const paper = ranking.find(({ name }) => name === PAPER);
    return first && paper && first !== paper && first.kld > 0 ? [paper.kld / first.kld] : [];
  });
  return [
    `Nearest: ${list(wins)}.`,
    ...(behind.length > 0
      ? [
          `Where it is not the nearest, the paper’s plan is ${fixed(Math.min(...behind), 2)} to ${fixed(Math.max(...behind), 2)} times as far from the source as what is (median ${fixed(median(behind), 2)}).`,
        ]
      : []),
  ].join(' ');
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

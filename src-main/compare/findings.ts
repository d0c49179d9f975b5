import {
  LADDER_FAMILY,
  type Compared,
  type ComparedCalibration,
  type Comparison,
} from '../contract/comparison.ts';
import { ORDERINGS } from '../contract/fit-request.ts';

/** What follows from the rows of a comparison; tables and figures only show it. */

/** What of a calibration was varied, one at a time. */
export type Varied = 'alpha' | 'clusters' | 'seed';

/** Rows of one ordering by ascending k, or of one plan by ascending value of what was varied. */
export interface Series {
  readonly name: string;
  readonly rows: readonly Compared[];
}

/** Mean KL divergence where answers about pictures are given, in nats; null when not finite or not measured. */
export function pictureKld({ quality }: Compared): number | null {
  return quality.image?.meanKld ?? null;
}

/** Tensor data of text model and vision encoder. */
export function modelBytes({ weightsBytes, visionBytes }: Compared): number {
  return weightsBytes + visionBytes;
}

/**
 * Whether a row is of the usual calibration. What needs no calibration is, and so is a matrix from text alone with otherwise the
 * same settings, whose α may be told as 0.
 */
export function isUsual(row: Compared, usual: ComparedCalibration): boolean {
  if (row.family === 'source' || (row.importance === null && row.ordering === null)) return true;
  const sameSample = row.clusters === usual.clusters && row.seed === usual.seed;
  return (
    sameSample && (row.alpha === usual.alpha || (row.family === 'uniform' && row.importance === 'text-only'))
  );
}

/** Rows that compete for one budget, in what llama.cpp runs, all of the usual calibration. */
export function competing(comparison: Comparison): Compared[] {
  const families = new Set<Compared['family']>(['uniform', 'order', LADDER_FAMILY, 'best']);
  return comparison.rows.filter((row) => families.has(row.family) && isUsual(row, comparison.calibration));
}

/** The methods of the paper's table, in formats of their own. */
export function rivalRows(comparison: Comparison): Compared[] {
  return comparison.rows.filter((row) => row.family === 'rival' && isUsual(row, comparison.calibration));
}

function beats(a: Compared, b: Compared): boolean {
  const [kldA, kldB] = [pictureKld(a), pictureKld(b)];
  if (kldA === null || kldB === null) return false;
  const [bytesA, bytesB] = [modelBytes(a), modelBytes(b)];
  return bytesA <= bytesB && kldA <= kldB && (bytesA < bytesB || kldA < kldB);
}

/** Rows that none of the rows beats: at most as many bytes and at most the divergence on pictures, one of them less. By bytes. */
export function frontier(rows: readonly Compared[]): Compared[] {
  return rows
    .filter((row) => pictureKld(row) !== null && !rows.some((other) => beats(other, row)))
    .toSorted((a, b) => modelBytes(a) - modelBytes(b));
}

/** `entropy` is LUQ's. */
export function orderingName(ordering: string): string {
  return ordering === 'entropy' ? 'entropy (the paper’s)' : ordering;
}

/** Place among the orderings that Snug knows; "random 2" is one of `random`, others come behind them. */
export function orderingPlace(name: string): number {
  const place = (ORDERINGS as readonly string[]).indexOf(name.replace(/ \d+$/, ''));
  return place === -1 ? ORDERINGS.length : place;
}

/** Per ordering, its rows of the usual calibration by k; the first of several with one k. */
export function orderCurves(comparison: Comparison): Series[] {
  const usual = comparison.calibration;
  const rows = competing(comparison).filter(
    ({ family, importance }) => family === 'order' && importance === usual.importance,
  );
  return [...Map.groupBy(rows, ({ ordering }) => ordering ?? '')]
    .map(([name, ofIt]) => ({ name, rows: firstOfEach(ofIt, ({ lowLayers }) => lowLayers ?? 0) }))
    .toSorted((a, b) => orderingPlace(a.name) - orderingPlace(b.name));
}

function firstOfEach(rows: readonly Compared[], key: (row: Compared) => number): Compared[] {
  const groups = [...Map.groupBy(rows, key)].toSorted(([a], [b]) => a - b);
  return groups.flatMap(([, group]) => group.slice(0, 1));
}

export interface Contest {
  readonly lowLayers: number;
  /** orderings measured at that k with their divergence on pictures, the least first */
  readonly ranking: readonly { readonly name: string; readonly kld: number }[];
}

/** Orderings against each other at each k that at least two were measured at. All layers low is one plan, whatever the order. */
export function contests(curves: readonly Series[], layers: number): Contest[] {
  const entries = curves.flatMap(({ name, rows }) =>
    rows.flatMap((row) => {
      const kld = pictureKld(row);
      const lowLayers = row.lowLayers ?? 0;
      return kld === null || lowLayers === 0 || lowLayers >= layers ? [] : [{ name, lowLayers, kld }];
    }),
  );
  return [...Map.groupBy(entries, ({ lowLayers }) => lowLayers)]
    .filter(([, at]) => at.length > 1)
    .toSorted(([a], [b]) => a - b)
    .map(([lowLayers, at]) => ({
      lowLayers,
      ranking: at.map(({ name, kld }) => ({ name, kld })).toSorted((a, b) => a.kld - b.kld),
    }));
}

/** How many orderings are closer to the source at that k; undefined where this one was not measured. */
export function closerThan(ordering: string, { ranking }: Contest): number | undefined {
  const own = ranking.find(({ name }) => name === ordering);
  return own && ranking.filter(({ kld }) => kld < own.kld).length;
}

/** Orders measured at two or more values of one setting, everything else as usual, by ordering and k. */
export function variations(comparison: Comparison, varied: Varied): Series[] {
  const usual = comparison.calibration;
  const settings = (['alpha', 'clusters', 'seed'] as const).filter((setting) => setting !== varied);
  // a calibration without pictures (α = 0) has a matrix from text alone
  const hasMatrix = ({ importance, alpha }: Compared) =>
    importance === usual.importance || (varied === 'alpha' && alpha === 0);
  const candidates = comparison.rows.filter(
    (row) =>
      row.family === 'order' &&
      hasMatrix(row) &&
      settings.every((setting) => row[setting] === usual[setting]),
  );
  return [...Map.groupBy(candidates, ({ ordering, lowLayers }) => `${ordering}, k = ${lowLayers}`)]
    .map(([name, rows]) => ({ name, rows: firstOfEach(rows, (row) => row[varied]) }))
    .filter(({ rows }) => rows.length > 1);
}

/** File types measured with a matrix from pictures and text and with one from text alone. */
export function matrixPairs({ rows }: Comparison): { multimodal: Compared; textOnly: Compared }[] {
  const uniform = rows.filter(({ family }) => family === 'uniform');
  return uniform
    .filter(({ importance }) => importance === 'multimodal')
    .flatMap((multimodal) => {
      const textOnly = uniform.find(
        ({ importance, name, weightsBytes }) =>
          importance === 'text-only' && name === multimodal.name && weightsBytes === multimodal.weightsBytes,
      );
      return textOnly ? [{ multimodal, textOnly }] : [];
    });
}

/** Ways of planning that are held against each other, by the names that a page gives them. */
const PLAN_FAMILIES: readonly (readonly [name: string, has: (row: Compared) => boolean])[] = [
  ['a type for every tensor', ({ family }) => family === 'best'],
  ['the paper’s order', ({ ordering }) => ordering === 'entropy'],
  ['edge-protected order', ({ ordering }) => ordering === 'edge-protected'],
  ['measured order', ({ ordering }) => ordering === 'sensitivity'],
  ['a rung for every layer', ({ family }) => family === LADDER_FAMILY],
  ['one file type', ({ family, importance }) => family === 'uniform' && importance !== 'text-only'],
];
/** Plans of one budget end within this of each other, as layers and tensors are not all of one size. */
const SAME_SIZE = 1.01;

interface Entry {
  readonly name: string;
  readonly row: Compared;
  readonly kld: number;
}

/** The nearest to the source of each family at the size of one of the paper's plans. */
export interface FamilyContest {
  /** the paper's plan */
  readonly paper: Compared;
  /** the nearest first; families without a row that small are left out */
  readonly ranking: readonly Entry[];
}

/** By the size of the paper's plans, the largest first; those that were not measured are left out. */
export function familyContests(comparison: Comparison): FamilyContest[] {
  const rows = competing(comparison);
  const own = orderCurves(comparison).find(({ name }) => name === 'entropy')?.rows ?? [];
  return own
    .filter((paper) => pictureKld(paper) !== null)
    .map((paper) => {
      const small = rows.filter((row) => modelBytes(row) <= modelBytes(paper) * SAME_SIZE);
      const entries = PLAN_FAMILIES.flatMap(([name, has]): Entry[] => {
        // its own row stands for the paper's order: another k would be another plan
        const row = name === 'the paper’s order' ? paper : nearest(small.filter(has));
        const kld = row && pictureKld(row);
        return row && typeof kld === 'number' ? [{ name, row, kld }] : [];
      });
      return { paper, ranking: entries.toSorted((a, b) => a.kld - b.kld) };
    })
    .filter(({ ranking }) => ranking.length > 1)
    .toSorted((a, b) => modelBytes(b.paper) - modelBytes(a.paper));
}

function nearest(rows: readonly Compared[]): Compared | undefined {
  return rows
    .filter((row) => pictureKld(row) !== null)
    .toSorted((a, b) => (pictureKld(a) ?? 0) - (pictureKld(b) ?? 0))[0];
}

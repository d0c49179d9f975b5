import type { Divergence } from './fit-report.ts';

/** How near a compressed model stays to its original, in words that both doors use. */
export interface Closeness {
  /** after "It is …" or beside a percentage */
  readonly words: string;
  readonly tone: 'good' | 'warn' | 'bad';
}

interface Step extends Closeness {
  /** share of positions with the original's own first choice, at least */
  readonly agreement: number;
  /** mean KL divergence in nats, at most */
  readonly nats: number;
}

// Uniform 8-bit files agree at 0.97 and more and lie below 0.02 nats, 4-bit ones at over 0.9 and below 0.1, usable 2-bit ones at 0.7 and
// more; below 0.5 or above 2.5 nats it is another model (luq/quality/coherence.ts refuses that). The worse of both counts.
const STEPS: readonly Step[] = [
  { agreement: 0.95, nats: 0.05, words: 'hard to tell apart from the original', tone: 'good' },
  { agreement: 0.87, nats: 0.2, words: 'close to the original', tone: 'good' },
  { agreement: 0.7, nats: 0.8, words: 'noticeably different from the original', tone: 'warn' },
  { agreement: 0.5, nats: 2.5, words: 'very different from the original', tone: 'warn' },
];
const ALL: readonly Closeness[] = [...STEPS, { words: 'no longer the same model', tone: 'bad' }];

type Measured = Pick<Divergence, 'topAgreement' | 'meanKld'>;

function stepOf({ topAgreement, meanKld }: Measured): number {
  const step = STEPS.findIndex(
    ({ agreement, nats }) => topAgreement >= agreement && (meanKld ?? Infinity) <= nats,
  );
  return step < 0 ? STEPS.length : step;
}

function nth(step: number): Closeness {
  const { words, tone } = ALL[step] ?? { words: 'not measured', tone: 'warn' };
  return { words, tone };
}

export function closeness(measured: Measured): Closeness {
  return nth(stepOf(measured));
}

/** Of a share alone, where the divergence is not known. */
export function closenessOf(topAgreement: number): Closeness {
  return closeness({ topAgreement, meanKld: 0 });
}

/** Of a divergence alone, where it is predicted. */
export function closenessWithin(nats: number): Closeness {
  return closeness({ topAgreement: 1, meanKld: nats });
}

/** The worse of both: about pictures and on text. */
export function worstCloseness(parts: readonly (Measured | null)[]): Closeness {
  return nth(Math.max(...parts.map((part) => (part === null ? -1 : stepOf(part)))));
}

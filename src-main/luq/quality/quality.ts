import { knowsWhatItReads } from '../../contract/familiarity.ts';
import type { Divergence } from '../../contract/fit-report.ts';
import { quantile } from './divergence.ts';
import type { PositionDivergence, KeptDistribution } from './kept-distribution.ts';

/** JSON has no word for what a broken model's logits give. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Gathers what positions say of a model beside its source. */
export class QualitySum {
  /** how many tokens there are */
  readonly #vocabulary: number;
  readonly #divergences: number[] = [];
  readonly #surprise: number[] = [];
  readonly #sourceSurprise: number[] = [];
  #agreeing = 0;

  constructor(vocabulary: number) {
    this.#vocabulary = vocabulary;
  }

  add(kept: KeptDistribution, { kld, sameTop, nextLogProbability }: PositionDivergence): void {
    this.#divergences.push(kld);
    this.#surprise.push(-nextLogProbability);
    this.#sourceSurprise.push(-kept.nextLogProbability);
    if (sameTop) this.#agreeing++;
  }

  /** null when nothing was added */
  result(): Divergence | null {
    const tokens = this.#divergences.length;
    if (tokens === 0) return null;
    const ascending = this.#divergences.toSorted((a, b) => a - b);
    // sorting leaves what is no number anywhere
    const ordered = ascending.every(Number.isFinite);
    const sourcePerplexity = Math.exp(mean(this.#sourceSurprise));
    const chance = Math.log(this.#vocabulary);
    const at = (share: number) => (ordered ? quantile(ascending, share) : null);
    return {
      tokens,
      meanKld: finite(mean(ascending)),
      medianKld: at(0.5),
      p90Kld: at(0.9),
      p99Kld: at(0.99),
      topAgreement: this.#agreeing / tokens,
      perplexity: finite(Math.exp(mean(this.#surprise))),
      sourcePerplexity: finite(sourcePerplexity),
      belowChance: this.#sourceSurprise.filter((surprise) => surprise > chance).length / tokens,
      sourceKnows: knowsWhatItReads(sourcePerplexity, this.#vocabulary),
    };
  }
}

import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { FitJobService, FitPreview } from '../../../src-main/contract/fit-job.ts';
import { loadedWithin } from '../../../src-main/contract/loaded-within.ts';
import type { MemoryLimits } from '../../../src-main/contract/laptop.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { Verdict } from '../../text/fit-words.ts';
import type { AppState } from '../app/app.svelte.ts';
import {
  budgetRange,
  firstBudget,
  outcomesOf,
  outcomeWithin,
  recommendedBudget,
  verdictOn,
  type BudgetRange,
  type Outcome,
} from './budget.ts';

type PreviewArgument = Omit<Parameters<FitJobService['preview']>[0], 'measure'>;

/** The memory that a model may take: what every place of the slider would give, and the place it stands at. */
export class FitSlider {
  readonly #app: AppState;
  #asked = 0;

  preview: FitPreview | null = $state.raw(null);
  previewError: ErrorData | null = $state.raw(null);
  /** where the slider stands */
  bytes: number = $state(0);

  constructor(app: AppState) {
    this.#app = app;
  }

  get limits(): MemoryLimits | null {
    return this.#app.laptop?.limits ?? null;
  }

  /** null while nothing is known, and where not even the smallest plan is for this laptop */
  get range(): BudgetRange | null {
    return this.preview === null || this.limits === null ? null : budgetRange(this.preview, this.limits);
  }

  /** the slider's best place; null where even the smallest plan is tight */
  get recommended(): number | null {
    return this.range === null || this.limits === null ? null : recommendedBudget(this.range, this.limits);
  }

  /** null when even the smallest is too much */
  get #within(): Outcome | null {
    return this.preview === null ? null : outcomeWithin(this.preview, this.bytes);
  }

  /** k at the slider's place; null when even all layers ultra-low are too much, and where the plan is not of layers */
  get lowLayers(): number | null {
    return this.#within?.lowLayers ?? null;
  }

  /** Where nothing fits, the smallest there is. */
  get #chosen(): Outcome | null {
    if (this.preview === null) return null;
    return this.#within ?? outcomesOf(this.preview)[0] ?? null;
  }

  /** What the slider's place gives, as it will be loaded; where nothing fits, the smallest there is. */
  get outcome(): Outcome | null {
    return this.#chosen && loadedWithin(this.#chosen, this.bytes);
  }

  get verdict(): Verdict {
    if (this.#within === null || this.outcome === null || this.limits === null) return 'wont-fit';
    return verdictOn(this.outcome.memory.totalBytes, this.limits);
  }

  /** Whether the original itself would sit comfortably. */
  get originalFits(): boolean {
    if (this.preview === null || this.limits === null) return false;
    return this.preview.source.memory.totalBytes <= this.limits.comfortableBytes;
  }

  /** Bytes by which the result is more than what other programs leave free at the moment; 0 where it is not. */
  get missingNow(): number {
    const available = this.#app.laptop?.laptop.memory.availableBytes;
    if (this.#chosen === null || available === undefined) return 0;
    // what is free as it is loaded decides whether it is laid out for speed
    return Math.max(0, this.#chosen.memory.totalBytes - available);
  }

  /** The slider's place that is nearest to a budget. */
  within(bytes: number): number {
    const { range } = this;
    return range === null ? bytes : Math.min(range.to, Math.max(range.from, bytes));
  }

  /** Asks what every budget would give; the slider stands where it stood, else where the last fit was. */
  async load(model: ModelEntry, before: number | undefined, argument: PreviewArgument): Promise<void> {
    const asked = ++this.#asked;
    const sameModel = this.preview?.modelId === model.id;
    if (!sameModel) this.preview = null;
    this.previewError = null;
    const { fits } = this.#app.bridge.api;
    try {
      const [preview] = await Promise.all([fits.preview(argument), this.#app.laptopKnown]);
      // a slower answer to an earlier question
      if (asked !== this.#asked) return;
      this.preview = preview;
      this.#place(model, sameModel && this.bytes > 0 ? this.bytes : before);
      if (outcomesOf(preview).every(isTimed)) return;
      // sizes are there at once; timing the kernels takes seconds, and while a fit runs it would only be wrong
      if (this.#app.jobs.running !== null || this.range === null) return;
      const measured = await fits.preview({ ...argument, measure: true });
      if (asked === this.#asked) this.preview = measured;
    } catch (error) {
      if (asked === this.#asked) this.previewError = toErrorData(error);
    }
  }

  #place(model: ModelEntry, wanted: number | undefined): void {
    const { range, limits } = this;
    if (range === null || limits === null) return;
    this.bytes = this.within(wanted ?? firstBudget(range, limits, model.builtIn));
  }
}

function isTimed({ tokensPerSecond, wide }: Outcome): boolean {
  return tokensPerSecond !== null && (wide === null || wide.tokensPerSecond !== null);
}

import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { FitJob, FitPreview, FitStart } from '../../../src-main/contract/fit-job.ts';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';
import type { MemoryLimits } from '../../../src-main/contract/laptop.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import type { FitMethod } from '../../text/fit-methods.ts';
import type { Verdict } from '../../text/fit-words.ts';
import type { CheckedFit } from '../../text/quality-words.ts';
import type { AppState } from '../app/app.svelte.ts';
import {
  budgetRange,
  firstBudget,
  lowLayersFor,
  recommendedBudget,
  verdictOn,
  type BudgetRange,
} from './budget.ts';
import { FitChoices } from './fit-choices.svelte.ts';
import { isForeseeable, methodOf } from './fit-method.ts';
import { modelToFit, sourcesOf, unfittablesOf, type Unfittable } from './fit-models.ts';
import { obstacleOf, type Obstacle } from './fit-obstacle.ts';
import { calibrationOf, chartLayers, type ChartLayer } from './layer-chart.ts';
import { checkedFits } from './checked-fits.ts';

/** The fit page: a model, a budget, what both give, and the job that makes it so. */
export class FitState {
  readonly #app: AppState;
  readonly #stop: () => void;
  #asked = 0;

  preview: FitPreview | null = $state.raw(null);
  previewError: ErrorData | null = $state.raw(null);
  /** why the button did not start anything */
  startError: ErrorData | null = $state.raw(null);
  /** to be read before starting; null while nobody has pressed the button */
  warnings: readonly string[] | null = $state.raw(null);
  starting: boolean = $state(false);
  budgetBytes: number = $state(0);
  readonly choices = new FitChoices();

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
  }

  /** Models that may be fitted. */
  get sources(): readonly ModelEntry[] {
    return sourcesOf(this.#app.models);
  }

  /** The rest of the library, with why it can't; what Snug made itself is refitted from its original. */
  get unfittables(): readonly Unfittable[] {
    return unfittablesOf(this.#app.models);
  }

  /** What the address asks for, where that can't be fitted: another model is shown instead. */
  get unfittable(): Unfittable | null {
    return this.unfittables.find(({ model }) => model.id === this.#app.route.id) ?? null;
  }

  get model(): ModelEntry | null {
    const { models, jobs, route } = this.#app;
    return modelToFit(models, route.id, jobs.running ?? jobs.list[0] ?? null);
  }

  get contextTokens(): number {
    const wanted = this.choices.contextTokens ?? this.#app.settings.contextTokens;
    return Math.min(wanted, this.model?.trainingContextTokens ?? wanted);
  }

  get method(): FitMethod {
    return this.choices.methodFor(this.model);
  }

  /** Whether the preview knows which layers go ultra-low; others are found while fitting. */
  get foreseeable(): boolean {
    return isForeseeable(this.method);
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

  /** k at the slider's place; null when even all layers ultra-low are too much */
  get lowLayers(): number | null {
    return this.preview === null ? null : lowLayersFor(this.preview, this.budgetBytes);
  }

  /** What the slider's place gives; where nothing fits, the smallest there is. */
  get outcome(): FitPreview['byLowLayers'][number] | null {
    const outcomes = this.preview?.byLowLayers ?? [];
    return outcomes[this.lowLayers ?? outcomes.length - 1] ?? null;
  }

  get verdict(): Verdict {
    if (this.lowLayers === null || this.outcome === null || this.limits === null) return 'wont-fit';
    return verdictOn(this.outcome.memory.totalBytes, this.limits);
  }

  /** Bytes by which the result is more than what other programs leave free at the moment; 0 where it is not. */
  get missingNow(): number {
    const available = this.#app.laptop?.laptop.memory.availableBytes;
    if (this.outcome === null || available === undefined) return 0;
    return Math.max(0, this.outcome.memory.totalBytes - available);
  }

  /** Why pressing the button would lead to nothing; null where it would not, and while too little is known. */
  get obstacle(): Obstacle | null {
    const { model, preview, outcome } = this;
    const { laptop } = this.#app;
    if (model === null || preview === null || outcome === null || laptop === null) return null;
    const { otherJob } = this;
    const { minAgreement } = this.choices;
    const { fileBytes } = outcome;
    return obstacleOf({
      ...{ model, preview, laptop, fileBytes, otherJob, minAgreement },
      knownAgreement: this.#knownAgreement(),
    });
  }

  /** What the check of a plan as this one found, where layers are foreseeable. */
  #knownAgreement(): number | null {
    if (!this.foreseeable) return null;
    return this.checkedFits.find(({ lowLayers }) => lowLayers === this.lowLayers)?.agreement ?? null;
  }

  /** The chosen model's newest fit that was not cancelled. */
  get job(): FitJob | null {
    return this.#app.jobs.latestOf(this.model?.id ?? null);
  }

  /** The newest that ended well: its result is the model that there is. */
  get finished(): FitJob | null {
    const { list } = this.#app.jobs;
    return list.find(({ modelId, state }) => modelId === this.model?.id && state === 'done') ?? null;
  }

  /** A fit of another model that is under way: only one runs at a time. */
  get otherJob(): FitJob | null {
    const { running } = this.#app.jobs;
    return running !== null && running.modelId !== this.model?.id ? running : null;
  }

  /** What the last finished fit of this model says, whatever came after it. */
  get lastReport(): FitReport | null {
    return this.finished?.report ?? null;
  }

  /** What checks of this model's fits by this method found, newest first. */
  get checkedFits(): readonly CheckedFit[] {
    const fits = this.#app.jobs.list.filter(({ modelId }) => modelId === this.model?.id);
    return checkedFits(fits, this.method);
  }

  get busy(): boolean {
    return this.job?.state === 'running' || this.job?.state === 'paused';
  }

  get chart(): readonly ChartLayer[] {
    const layers = this.model?.layers ?? 0;
    const filling = this.busy ? (this.job?.entropies ?? []) : [];
    const known = this.preview?.calibration ?? calibrationOf(this.lastReport);
    return chartLayers({
      layers,
      entropies: filling.length > 0 ? filling : (known?.entropies ?? []),
      low: this.busy ? (this.job?.low ?? []) : this.#lowAtSlider(known?.order ?? null),
    });
  }

  /** Which layers the slider's place makes ultra-low: as far as that is known before it is measured. */
  #lowAtSlider(order: readonly number[] | null): readonly number[] {
    if (this.foreseeable && order !== null) return order.slice(0, this.lowLayers ?? order.length);
    const last = this.lastReport;
    if (last === null || methodOf(last.plan) !== this.method) return [];
    return last.layers.flatMap(({ index, rung }) => (rung === last.plan.rungs.high ? [] : [index]));
  }

  choose(modelId: string): void {
    this.#app.navigate('fit', modelId);
  }

  /** Asks what every budget would give; called again when the model or an option changes. */
  async loadPreview(): Promise<void> {
    const { model } = this;
    const asked = ++this.#asked;
    if (model === null) return;
    const sameModel = this.preview?.modelId === model.id;
    if (!sameModel) this.preview = null;
    this.previewError = null;
    const argument = {
      modelId: model.id,
      contextTokens: this.contextTokens,
      ...this.choices.size,
      ...(this.method === 'auto' ? {} : { ordering: this.method }),
    };
    const { fits } = this.#app.bridge.api;
    try {
      const [preview] = await Promise.all([fits.preview(argument), this.#app.laptopKnown]);
      // a slower answer to an earlier question
      if (asked !== this.#asked) return;
      this.preview = preview;
      this.#placeSlider(model, sameModel);
      if (preview.byLowLayers.every(({ tokensPerSecond }) => tokensPerSecond !== null)) return;
      // sizes are there at once; timing the kernels takes seconds, and while a fit runs it would only be wrong
      if (this.#app.jobs.running !== null || this.range === null) return;
      const measured = await fits.preview({ ...argument, measure: true });
      if (asked === this.#asked) this.preview = measured;
    } catch (error) {
      if (asked === this.#asked) this.previewError = toErrorData(error);
    }
  }

  /** Starts, or shows first what there is to know before starting. */
  async press(): Promise<void> {
    const start = this.#startArgument();
    if (start === null || this.starting || this.obstacle !== null) return;
    this.starting = true;
    this.startError = null;
    try {
      const warnings = this.warnings === null ? await this.#app.bridge.api.fits.warnings(start) : [];
      this.warnings = warnings.length > 0 ? warnings : null;
      if (this.warnings === null) this.#app.jobs.take(await this.#app.bridge.api.fits.start(start));
    } catch (error) {
      this.startError = toErrorData(error);
    } finally {
      this.starting = false;
    }
  }

  dismissWarnings(): void {
    this.warnings = null;
  }

  /** Puts away what went wrong. */
  async dismissError(): Promise<void> {
    this.startError = null;
    if (this.job?.state === 'failed') await this.steer('cancel');
  }

  /** Does what removes an obstacle. */
  take(remedies: readonly Remedy[]): void {
    for (const remedy of remedies) {
      if (remedy.kind === 'set-budget') this.moveBudget(this.#within(remedy.bytes));
      else this.choices.take(remedy);
    }
    this.warnings = null;
  }

  /** What a button under a failed fit does: changes what stood in the way and starts anew. */
  remedyFor(remedy: Remedy): (() => void) | undefined {
    const modelId = this.model?.id;
    if (remedy.kind === 'choose-models-folder') return () => this.#app.navigate('settings');
    if (remedy.kind === 'add-vision-file' || remedy.kind === 'choose-vision-file')
      return modelId === undefined ? undefined : () => this.#app.findVisionFile(modelId);
    const known = remedy.kind === 'set-budget' || new FitChoices().take(remedy);
    if (!known) return undefined;
    return () => void this.#startWith(remedy);
  }

  async #startWith(remedy: Remedy): Promise<void> {
    await this.dismissError();
    this.take([remedy]);
    await this.press();
  }

  moveBudget(bytes: number): void {
    this.budgetBytes = bytes;
    this.warnings = null;
    this.startError = null;
  }

  /** Pauses, resumes or cancels the shown job. */
  async steer(action: 'pause' | 'resume' | 'cancel'): Promise<void> {
    const { job } = this;
    if (job === null) return;
    await this.#app.attempt(async () => {
      this.#app.jobs.take(await this.#app.bridge.api.fits[action]({ jobId: job.id }));
    });
  }

  close(): void {
    this.#stop();
  }

  #placeSlider(model: ModelEntry, keep: boolean): void {
    const { range, limits } = this;
    if (range === null || limits === null) return;
    const before = keep && this.budgetBytes > 0 ? this.budgetBytes : this.job?.budgetBytes;
    this.budgetBytes = this.#within(before ?? firstBudget(range, limits, model.builtIn));
  }

  #within(bytes: number): number {
    const { range } = this;
    return range === null ? bytes : Math.min(range.to, Math.max(range.from, bytes));
  }

  #startArgument(): FitStart | null {
    if (this.model === null) return null;
    return {
      modelId: this.model.id,
      budgetBytes: Math.floor(this.budgetBytes),
      contextTokens: this.contextTokens,
      ...this.choices.start(this.model),
    };
  }

  /** A job that has ended leaves a calibration behind, and measured kernels: what the slider says is asked again. */
  #hear(event: ApiEvent): void {
    if (event.name !== 'fits.changed') return;
    if (event.data.modelId === this.model?.id && event.data.state !== 'running') void this.loadPreview();
  }
}

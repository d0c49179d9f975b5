import type { ApiEvent } from '../../../src-main/contract/api.ts';
import { toErrorData, type ErrorData } from '../../../src-main/contract/errors.ts';
import type { FitJob, FitStart } from '../../../src-main/contract/fit-job.ts';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';
import type { Kernels } from '../../../src-main/contract/kernels.ts';
import type { ModelEntry } from '../../../src-main/contract/model.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import type { FitMethod } from '../../text/fit-methods.ts';
import type { CheckedFit } from '../../text/quality-words.ts';
import type { AppState } from '../app/app.svelte.ts';
import { FitChoices } from './fit-choices.svelte.ts';
import { isForeseeable, methodOf, startOf } from './fit-method.ts';
import { modelToFit, sourcesOf, unfittablesOf, type Unfittable } from './fit-models.ts';
import { obstacleOf, type Obstacle } from './fit-obstacle.ts';
import { FitSlider } from './fit-slider.svelte.ts';
import {
  calibrationOf,
  chartLayers,
  planOf,
  planOfTwo,
  writtenPlan,
  type ChartLayer,
  type PlannedLayer,
} from './layer-chart.ts';
import { checkedFits } from './checked-fits.ts';

/** The fit page: a model, a budget, what both give, and the job that makes it so. */
export class FitState {
  readonly #app: AppState;
  readonly #stop: () => void;
  readonly slider: FitSlider;

  /** why the button did not start anything */
  startError: ErrorData | null = $state.raw(null);
  /** to be read before starting; null while nobody has pressed the button */
  warnings: readonly string[] | null = $state.raw(null);
  starting: boolean = $state(false);
  readonly choices = new FitChoices();

  constructor(app: AppState) {
    this.#app = app;
    this.slider = new FitSlider(app);
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
    return this.choices.method;
  }

  /** Whether the preview knows which layers go ultra-low; others are found while fitting. */
  get foreseeable(): boolean {
    return isForeseeable(this.method);
  }

  /** Why pressing the button would lead to nothing; null where it would not, and while too little is known. */
  get obstacle(): Obstacle | null {
    const { model } = this;
    const { preview, outcome } = this.slider;
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
    const { lowLayers: wanted } = this.slider;
    if (!this.foreseeable || wanted === null) return null;
    return this.checkedFits.find(({ lowLayers }) => lowLayers === wanted)?.agreement ?? null;
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
    const filling = this.busy ? (this.job?.entropies ?? []) : [];
    const known = this.slider.preview?.calibration ?? calibrationOf(this.lastReport);
    return chartLayers({
      layers: this.model?.layers ?? 0,
      entropies: filling.length > 0 ? filling : (known?.entropies ?? []),
      plan: this.busy ? this.#planOfJob() : this.#planAtSlider(known?.order ?? null),
    });
  }

  #planOfJob(): readonly PlannedLayer[] | null {
    const rungs = this.slider.preview?.rungs;
    if (!rungs || !this.job?.low) return null;
    const { low, layerRungs } = this.job;
    return layerRungs ? planOf(layerRungs, rungs) : planOfTwo(this.model?.layers ?? 0, low, rungs);
  }

  /** What the slider's place makes of the layers: as far as that is known before it is measured. */
  #planAtSlider(order: readonly number[] | null): readonly PlannedLayer[] | null {
    const { preview, lowLayers, outcome } = this.slider;
    if (preview !== null && outcome?.foreseen) return planOf(outcome.foreseen.layerRungs, preview.rungs);
    if (this.foreseeable && order !== null && preview !== null)
      return planOfTwo(order.length, order.slice(0, lowLayers ?? order.length), preview.rungs);
    const last = this.lastReport;
    return last === null || methodOf(last.plan) !== this.method ? null : writtenPlan(last);
  }

  choose(modelId: string): void {
    this.#app.navigate('fit', modelId);
  }

  /** Asks what every budget would give; called again when the model or an option changes. */
  async loadPreview(): Promise<void> {
    const { model } = this;
    if (model === null) return;
    await this.slider.load(model, this.job?.budgetBytes, {
      modelId: model.id,
      contextTokens: this.contextTokens,
      ...this.choices.size,
      ...startOf(this.method),
    });
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
      if (remedy.kind === 'set-budget') this.moveBudget(this.slider.within(remedy.bytes));
      else if (remedy.kind === 'set-kernels') void this.#setKernels(remedy.kernels);
      else this.choices.take(remedy);
    }
    this.warnings = null;
  }

  /** What a button under a failed fit does: changes what stood in the way and starts anew. */
  remedyFor(remedy: Remedy): (() => void) | undefined {
    const modelId = this.model?.id;
    if (remedy.kind === 'choose-models-folder') return () => this.#app.navigate('settings');
    if (remedy.kind === 'add-vision-file' || remedy.kind === 'choose-vision-file')
      return modelId === undefined ? undefined : () => this.#app.findMmproj(modelId);
    const known =
      remedy.kind === 'set-budget' || remedy.kind === 'set-kernels' || new FitChoices().take(remedy);
    if (!known) return undefined;
    return () => void this.#startWith(remedy);
  }

  async #startWith(remedy: Remedy): Promise<void> {
    await this.dismissError();
    if (remedy.kind === 'set-kernels') await this.#setKernels(remedy.kernels);
    else this.take([remedy]);
    await this.press();
  }

  /** Of the settings: everything is computed with them from now on. */
  async #setKernels(kernels: Kernels): Promise<void> {
    await this.#app.changeSettings({ kernels });
    await this.loadPreview();
  }

  moveBudget(bytes: number): void {
    this.slider.bytes = bytes;
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

  #startArgument(): FitStart | null {
    if (this.model === null) return null;
    return {
      modelId: this.model.id,
      budgetBytes: Math.floor(this.slider.bytes),
      contextTokens: this.contextTokens,
      ...this.choices.start(),
    };
  }

  /** A job that has ended leaves a calibration behind, and measured kernels: what the slider says is asked again. */
  #hear(event: ApiEvent): void {
    if (event.name !== 'fits.changed') return;
    if (event.data.modelId === this.model?.id && event.data.state !== 'running') void this.loadPreview();
  }
}

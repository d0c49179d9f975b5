import type { ApiEvent } from '../../src-main/contract/api.ts';
import { toErrorData, type ErrorData } from '../../src-main/contract/errors.ts';
import type { FitJob, FitPreview, FitStart } from '../../src-main/contract/fit-job.ts';
import type { FitReport } from '../../src-main/contract/fit-report.ts';
import type { ModelEntry } from '../../src-main/contract/model.ts';
import type { AppState } from './app.svelte.ts';
import {
  budgetRange,
  firstBudget,
  lowLayersFor,
  verdictOn,
  type BudgetRange,
  type Verdict,
} from './budget.ts';
import { defaultMethod, isForeseeable, methodOf, startOf, type FitMethod } from './fit-method.ts';
import { chartLayers, type ChartLayer } from './layer-chart.ts';
import type { CheckedFit } from './quality.ts';

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
  /** null: the one in the settings */
  chosenContextTokens: number | null = $state(null);
  smallerVision: boolean = $state(false);
  compare: boolean = $state(false);
  calibrationFolder: string = $state('');
  /** null: the usual one of the model */
  chosenMethod: FitMethod | null = $state(null);
  /** least share of next words as the original's; null asks for nothing */
  minAgreement: number | null = $state(null);

  constructor(app: AppState) {
    this.#app = app;
    this.#stop = app.bridge.listen((event) => this.#hear(event));
  }

  /** Models that may be fitted. */
  get sources(): readonly ModelEntry[] {
    return this.#app.models.filter((model) => model.kind === 'source' && model.problem === null);
  }

  /** From the address; else the one being fitted or fitted last; else the one that came with the app. */
  get model(): ModelEntry | null {
    const find = (id: string | null | undefined): ModelEntry | undefined =>
      this.sources.find((source) => source.id === id);
    const asked = this.#app.modelById(this.#app.route.id);
    const { jobs } = this.#app;
    return (
      find(asked?.id) ??
      find(asked?.madeFrom) ??
      find(jobs.running?.modelId) ??
      find(jobs.list[0]?.modelId) ??
      this.sources.find((source) => source.builtIn) ??
      this.sources[0] ??
      null
    );
  }

  get contextTokens(): number {
    const wanted = this.chosenContextTokens ?? this.#app.settings.contextTokens;
    return Math.min(wanted, this.model?.trainingContextTokens ?? wanted);
  }

  get method(): FitMethod {
    return this.chosenMethod ?? (this.model === null ? 'entropy' : defaultMethod(this.model));
  }

  /** Whether the preview knows which layers go ultra-low; others are found while fitting. */
  get foreseeable(): boolean {
    return isForeseeable(this.method);
  }

  get range(): BudgetRange | null {
    return this.preview === null ? null : budgetRange(this.preview);
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
    if (this.lowLayers === null || this.outcome === null || this.#app.laptop === null) return 'wont-fit';
    return verdictOn(this.outcome.memory.totalBytes, this.#app.laptop);
  }

  /** The chosen model's newest fit. */
  get job(): FitJob | null {
    return this.#app.jobs.latestOf(this.model?.id ?? null);
  }

  /** A fit of another model that is under way: only one runs at a time. */
  get otherJob(): FitJob | null {
    const { running } = this.#app.jobs;
    return running !== null && running.modelId !== this.model?.id ? running : null;
  }

  get report(): FitReport | null {
    return this.job?.state === 'done' ? this.job.report : null;
  }

  /** What the last finished fit of this model says, whatever came after it. */
  get lastReport(): FitReport | null {
    const finished = this.#app.jobs.list.find(
      (job) => job.modelId === this.model?.id && job.state === 'done' && job.report !== null,
    );
    return finished?.report ?? null;
  }

  /** What checks of this model's fits by this method found, newest first. */
  get checkedFits(): readonly CheckedFit[] {
    return this.#app.jobs.list.flatMap(({ modelId, lowLayers, report }) => {
      const agreement = report?.check.image?.topAgreement ?? report?.check.text?.topAgreement;
      if (modelId !== this.model?.id || lowLayers === null || !report || agreement === undefined) return [];
      if (methodOf(report.plan) !== this.method) return [];
      return [{ lowLayers, agreement }];
    });
  }

  /** Layers are measured once: after that, another budget only writes a file. */
  get calibrated(): boolean {
    return this.preview?.calibration !== null && this.preview !== null;
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
      ...(this.smallerVision ? { visionType: 'Q8_0' as const } : {}),
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
      if (this.#app.jobs.running !== null) return;
      const measured = await fits.preview({ ...argument, measure: true });
      if (asked === this.#asked) this.preview = measured;
    } catch (error) {
      if (asked === this.#asked) this.previewError = toErrorData(error);
    }
  }

  /** Starts, or shows first what there is to know before starting. */
  async press(): Promise<void> {
    const start = this.#startArgument();
    if (start === null || this.starting) return;
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
    const { range } = this;
    const { laptop } = this.#app;
    if (range === null || laptop === null) return;
    const before = keep ? this.budgetBytes : this.job?.budgetBytes;
    const wanted = before ?? firstBudget(range, laptop, model.builtIn);
    this.budgetBytes = Math.min(range.to, Math.max(range.from, wanted));
  }

  #startArgument(): FitStart | null {
    if (this.model === null) return null;
    const folder = this.calibrationFolder.trim();
    return {
      modelId: this.model.id,
      budgetBytes: Math.floor(this.budgetBytes),
      contextTokens: this.contextTokens,
      ...(this.smallerVision ? { visionType: 'Q8_0' as const } : {}),
      ...(folder === '' ? {} : { calibrationFolder: folder }),
      ...(this.compare ? { compare: true } : {}),
      ...startOf(this.method),
      ...(this.minAgreement === null ? {} : { minAgreement: this.minAgreement }),
    };
  }

  /** A job that has ended leaves a calibration behind, and measured kernels: what the slider says is asked again. */
  #hear(event: ApiEvent): void {
    if (event.name !== 'fits.changed') return;
    if (event.data.modelId === this.model?.id && event.data.state !== 'running') void this.loadPreview();
  }
}

/** The entropies a report holds, where no kept calibration matches the options chosen now. */
function calibrationOf(report: FitReport | null): FitPreview['calibration'] {
  if (report === null) return null;
  const entropies = report.layers.map(({ index, entropyBits }) => ({ layer: index, ...entropyBits }));
  return { entropies, order: report.plan.order };
}

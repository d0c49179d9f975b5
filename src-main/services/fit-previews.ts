import type { FitJobService, FitPreview } from '../contract/fit-job.ts';
import type { FitReport } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { PlanPreview } from '../contract/workers/compress.ts';
import type { FitRequests } from './fit-requests.ts';
import type { FitService } from './fit-service.ts';
import { expectedTime } from './fit-time.ts';
import type { Library } from './library.ts';
import { SharedWork } from './shared-work.ts';
import { TaskQueue } from './task-queue.ts';

/** What a fit would come to, before it is started. */
export class FitPreviews {
  readonly #fits: Pick<FitService, 'preview'>;
  readonly #requests: FitRequests;
  readonly #library: Pick<Library, 'entry'>;
  readonly #shared = new SharedWork<PlanPreview>();
  /** each preview is a process of its own */
  readonly #queue = new TaskQueue();

  constructor(parts: {
    fits: Pick<FitService, 'preview'>;
    requests: FitRequests;
    library: Pick<Library, 'entry'>;
  }) {
    this.#fits = parts.fits;
    this.#requests = parts.requests;
    this.#library = parts.library;
  }

  /** `earlier`: reports of fits that ended well here, newest first. */
  async of(
    argument: Parameters<FitJobService['preview']>[0],
    earlier: readonly FitReport[],
  ): Promise<FitPreview> {
    const { measure = false, ...asked } = argument;
    const request = this.#requests.of(asked);
    const { calibration, savings, threads, ...planned } = await this.#planned(request, measure);
    const { parameters } = this.#library.entry(argument.modelId);
    const kind = argument.plan ?? (argument.ordering === undefined ? 'best' : 'luq');
    return {
      ...planned,
      modelId: argument.modelId,
      savings: savings.map(({ remedies, totalBytes }) => ({ remedies, totalBytes })),
      expectedTime: expectedTime(
        { parameters, calibrated: calibration !== undefined, kind, threads },
        earlier,
      ),
      calibration: calibration
        ? {
            order: calibration.order,
            entropies: calibration.entropies.map((bits, layer) => ({ layer, ...bits })),
          }
        : null,
    };
  }

  async #planned(request: Omit<FitRequest, 'budgetBytes'>, measure: boolean): Promise<PlanPreview> {
    return this.#shared.run(JSON.stringify([request, measure]), () =>
      this.#queue.run(() => this.#fits.preview(request, measure)),
    );
  }
}

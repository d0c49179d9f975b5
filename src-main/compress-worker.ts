import { compare } from './compare/run.ts';
import { workerEntries } from './worker-entries.ts';
import { blockOtherDecoders } from './pictures/pictures.ts';
import type { CompareRequest } from './contract/comparison.ts';
import type { FitRequest } from './contract/fit-request.ts';
import { serveWorker } from './engine/worker-child.ts';
import type { CallContext } from './engine/worker-protocol.ts';
import type { FitEvent } from './services/fit-service.ts';
import { fit } from './fit/fit.ts';
import { previewFit } from './fit/preview.ts';
import { reportProfile, type ProfileRequest } from './profile/report.ts';
import type { Progress } from './contract/progress.ts';

// The process that fits one model and ends.
blockOtherDecoders();
serveWorker({
  profile: (request: ProfileRequest, { signal, emit }: CallContext<Progress>) =>
    reportProfile(request, { signal, onProgress: emit }),
  preview: ({ request, measure }: { request: FitRequest; measure: boolean }) => previewFit(request, measure),
  compare: (request: CompareRequest, { signal, emit }: CallContext<Progress>) =>
    compare(request, { signal, onProgress: emit, chatEntry: workerEntries.chat }),
  fit: (request: FitRequest, { signal, emit }: CallContext<FitEvent>) =>
    fit(request, {
      signal,
      onProgress: (progress) => emit({ kind: 'progress', progress }),
      onLayer: (layer, { both, image, text }) => emit({ kind: 'layer', layer, both, image, text }),
      onPlan: (plan) => emit({ kind: 'plan', ...plan }),
    }),
});

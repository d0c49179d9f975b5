import { compare } from './compare/run.ts';
import { compressContract } from './contract/workers/compress.ts';
import { serveWorker } from './engine/worker-child.ts';
import { fit } from './fit/fit.ts';
import { previewFit } from './fit/preview.ts';
import { sizeUp } from './fit/size-up.ts';
import { blockOtherDecoders } from './pictures/pictures.ts';
import { reportProfile } from './profile/profile-report.ts';

blockOtherDecoders();
serveWorker(compressContract, {
  profile: (request, { signal, emit }) => reportProfile(request, { signal, onProgress: emit }),
  preview: ({ request, measure }) => previewFit(request, measure),
  sizeUp: (request) => sizeUp(request),
  compare: (request, { signal, emit }) => compare(request, { signal, onProgress: emit }),
  fit: (request, { signal, emit }) =>
    fit(request, {
      signal,
      onProgress: (progress) => emit({ kind: 'progress', progress }),
      onExpected: (stages) => emit({ kind: 'expected', stages }),
      onLayer: (layer, entropy) => emit({ kind: 'layer', layer, ...entropy }),
      onPlan: (plan) => emit({ kind: 'plan', ...plan }),
    }),
});

import { ChatHost } from './chat/host.ts';
import { chatContract } from './contract/workers/chat.ts';
import { serveWorker } from './engine/worker-child.ts';
import { blockOtherDecoders } from './pictures/pictures.ts';

blockOtherDecoders();
const host = new ChatHost();
serveWorker(chatContract, {
  open: (request, { signal, emit }) => host.open(request, { signal, onEvent: emit }),
  openToCount: (request) => host.openToCount(request),
  restore: (history) => host.session.restore(history),
  scalePictures: (question, { signal }) => host.session.scalePictures(question, signal),
  send: (request, { signal, emit }) => host.session.send(request, { signal, onEvent: emit }),
  askOnce: (request, { signal, emit }) => host.askOnce(request, { signal, onEvent: emit }),
  measure: (request, { signal }) => host.measure(request, signal),
});

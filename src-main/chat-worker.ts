import { ChatHost } from './chat/host.ts';
import { blockOtherDecoders } from './pictures/pictures.ts';
import type {
  ChatEvent,
  ChatHistory,
  MeasureRequest,
  OpenChatRequest,
  PictureQuestion,
  SendRequest,
} from './contract/chat.ts';
import { serveWorker } from './engine/worker-child.ts';
import type { CallContext } from './engine/worker-protocol.ts';

// The process that holds a loaded model and talks.
blockOtherDecoders();
const host = new ChatHost();
serveWorker({
  open: (request: OpenChatRequest, { signal, emit }: CallContext<ChatEvent>) =>
    host.open(request, { signal, onEvent: emit }),
  openToCount: (request: OpenChatRequest) => host.openToCount(request),
  restore: (history: ChatHistory) => host.session.restore(history),
  plan: (question: PictureQuestion, { signal }: CallContext) => host.session.plan(question, signal),
  send: (request: SendRequest, { signal, emit }: CallContext<ChatEvent>) =>
    host.session.send(request, { signal, onEvent: emit }),
  askOnce: (request: OpenChatRequest & { question: SendRequest }, { signal, emit }: CallContext<ChatEvent>) =>
    host.askOnce(request, { signal, onEvent: emit }),
  measure: (request: MeasureRequest, { signal }: CallContext) => host.measure(request, signal),
});

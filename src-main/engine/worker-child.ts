import process from 'node:process';
import { toErrorData } from '../contract/errors.ts';
import {
  HEARTBEAT_MILLISECONDS,
  type FromWorker,
  type ToWorker,
  type WorkerMethods,
} from './worker-protocol.ts';

/** The worker's end of the wire: runs calls, passes events and errors on as data, ends with its parent. */
export function serveWorker(methods: WorkerMethods): void {
  const running = new Map<number, AbortController>();
  const send = (message: FromWorker) => {
    if (process.connected) process.send?.(message);
  };
  const call = async (id: number, method: string, argument: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const implementation = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!implementation) throw new TypeError(`this worker has no method ${method}`);
      const emit = (event: unknown) => send({ kind: 'event', id, event });
      send({
        kind: 'result',
        id,
        value: await implementation(argument, { signal: controller.signal, emit }),
      });
    } catch (error) {
      send({ kind: 'error', id, error: toErrorData(error) });
    } finally {
      running.delete(id);
    }
  };
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'call') void call(message.id, message.method, message.argument);
    else if (message.kind === 'cancel') running.get(message.id)?.abort();
    else process.exit(0);
  });
  // A parent that died takes its workers with it; what they had done is on disk. A plain exit would first wait for the
  // native work that is running, for minutes.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // Ctrl-C reaches the whole process group; the parent decides what it means
  process.on('SIGINT', () => undefined);
  setInterval(() => send({ kind: 'alive' }), HEARTBEAT_MILLISECONDS).unref();
  send({ kind: 'alive' });
}

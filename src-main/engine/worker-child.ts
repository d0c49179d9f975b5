import process from 'node:process';
import { REPORT_IT, SnugError, toErrorData } from '../contract/errors.ts';
import {
  methodOf,
  type CallContext,
  type WorkerContract,
  type WorkerServer,
} from '../contract/workers/worker-contract.ts';
import { checkMessage } from './check-message.ts';
import { HEARTBEAT_MILLISECONDS, toWorkerSchema, type FromWorker } from './worker-protocol.ts';

/** The way to whoever started this process. */
interface Parent {
  send(message: FromWorker): void;
  listen(listener: (message: unknown) => void): void;
}

/** What Electron gives a utility process instead of child_process's channel. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

function findParent(): Parent {
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  if (parentPort) {
    return {
      send: (message) => parentPort.postMessage(message),
      listen: (listener) => parentPort.on('message', ({ data }) => listener(data)),
    };
  }
  // A parent that died takes its workers with it (Electron sees to that itself); what they had done is on disk. A plain exit would
  // first wait for the native work that is running, for minutes.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  return {
    send: (message) => {
      // what a parent that is ending no longer takes is lost with it; an error that nobody hears would end the work first
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    listen: (listener) => process.on('message', listener),
  };
}

type Method = (argument: unknown, context: CallContext<unknown>) => unknown;

/** The worker's end of the wire: checks and runs calls, passes events and errors on as data, ends with its parent. */
export function serveWorker<Contract extends WorkerContract>(
  contract: Contract,
  methods: WorkerServer<Contract>,
): void {
  const running = new Map<number, AbortController>();
  const parent = findParent();
  const send = (message: FromWorker) => parent.send(message);
  const run = (method: string, argument: unknown, context: CallContext<unknown>) => {
    const schemas = methodOf(contract, method);
    if (!schemas) {
      throw new SnugError('BUG', `the ${contract.name} worker has no method ${method}`, {
        advice: REPORT_IT,
      });
    }
    // what their types say of it is checked here
    const implementation = (methods as Readonly<Record<string, Method | undefined>>)[method];
    return implementation?.(
      checkMessage(schemas.argument, argument, `the argument of ${contract.name}.${method}`),
      context,
    );
  };
  const call = async (id: number, method: string, argument: unknown) => {
    const controller = new AbortController();
    const { signal } = controller;
    running.set(id, controller);
    try {
      const emit = (event: unknown) => send({ kind: 'event', id, event });
      send({ kind: 'result', id, value: await run(method, argument, { signal, emit }) });
    } catch (error) {
      send({ kind: 'error', id, error: toErrorData(error) });
    } finally {
      running.delete(id);
    }
  };
  parent.listen((said) => {
    const message = checkMessage(toWorkerSchema, said, `a message to the ${contract.name} worker`);
    if (message.kind === 'call') void call(message.id, message.method, message.argument);
    else if (message.kind === 'cancel') running.get(message.id)?.abort();
    else process.exit(0);
  });
  // Ctrl-C reaches the whole process group; the parent decides what it means
  process.on('SIGINT', () => undefined);
  setInterval(() => send({ kind: 'alive' }), HEARTBEAT_MILLISECONDS).unref();
  send({ kind: 'alive' });
}

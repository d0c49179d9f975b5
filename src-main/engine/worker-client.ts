import { z } from 'zod';
import type {
  CallOptions,
  MethodContract,
  WorkerClient,
  WorkerContract,
} from '../contract/workers/worker-contract.ts';
import { checkMessage } from './check-message.ts';
import { forkWorker } from './fork-worker.ts';
import type { StartWorker } from './worker-port.ts';
import { WorkerProcess } from './worker-process.ts';

/** Starts the process of the file `entry`; its results and events are checked by the contract. */
export function startWorker<Contract extends WorkerContract>(
  contract: Contract,
  entry: string,
  start: StartWorker = forkWorker,
): WorkerClient<Contract> {
  const worker = new WorkerProcess(entry, (file) => start(file, contract));
  const methods = Object.entries(contract.methods).map(([name, method]) => [
    name,
    (argument: unknown, options?: CallOptions<unknown>) =>
      ask(worker, { name, method, path: `${contract.name}.${name}` }, argument, options),
  ]);
  return {
    ...(Object.fromEntries(methods) as object),
    get isOver() {
      return worker.isOver;
    },
    close: () => worker.close(),
    [Symbol.asyncDispose]: () => worker.close(),
    // made of the very contract that the type is made of
  } as WorkerClient<Contract>;
}

async function ask(
  worker: WorkerProcess,
  asked: { readonly name: string; readonly path: string; readonly method: MethodContract },
  argument: unknown,
  options: CallOptions<unknown> = {},
): Promise<unknown> {
  const { name, method, path } = asked;
  const { event: eventSchema = z.never(), result: resultSchema } = method;
  const result = await worker.call(name, argument, {
    ...options,
    files: method.reads?.(argument).filter((file) => file !== undefined),
    onEvent: (event) => options.onEvent?.(checkMessage(eventSchema, event, `an event of ${path}`)),
  });
  return checkMessage(resultSchema, result, `the result of ${path}`);
}

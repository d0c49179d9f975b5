import { basename, extname } from 'node:path';
import type { EventBus } from './event-bus.ts';
import type { Api } from '../contract/api.ts';
import { SnugError } from '../contract/errors.ts';
import { methodOf } from '../contract/workers/worker-contract.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { fromWorkerSchema } from '../engine/worker-protocol.ts';
import { framesOf, type LogFile } from '../files/log-file.ts';

/** What of a model the log may say. */
export interface LoggedModel {
  readonly architecture: string;
  readonly kind: string;
  readonly bytes: number;
  readonly layers: number;
}

/** Starts workers and logs the models loaded for conversations, and how each worker ends that was not told to. */
export function logWorkers(
  start: StartWorker,
  log: LogFile,
  modelAt: (path: string) => LoggedModel | undefined,
): StartWorker {
  return (entry, contract) => {
    const worker = basename(entry, extname(entry));
    const loading = new Map<number, string>();
    const port = start(entry, contract);
    let ending = false;
    port.onMessage((said) => {
      const { data: message } = fromWorkerSchema.safeParse(said);
      if (message?.kind !== 'result' && message?.kind !== 'error') return;
      const path = loading.get(message.id);
      loading.delete(message.id);
      if (path === undefined || message.kind === 'error') return;
      const { architecture, kind, bytes, layers } = modelAt(path) ?? {};
      log.write('model-loaded', { worker, architecture, kind, bytes, layers });
    });
    port.onExit((code, signal, failure) => {
      const reason = (failure as NodeJS.ErrnoException | undefined)?.code;
      if (!ending) log.write('worker-died', { worker, code, signal, reason });
    });
    return {
      onMessage: (listener) => port.onMessage(listener),
      onExit: (listener) => port.onExit(listener),
      kill: () => port.kill(),
      lastWords: () => port.lastWords(),
      post: (message) => {
        if (message.kind === 'close') ending = true;
        if (message.kind === 'call') {
          const path = methodOf(contract, message.method)?.loads?.(message.argument);
          if (path !== undefined) loading.set(message.id, path);
        }
        port.post(message);
      },
    };
  };
}

/** Logs the life of fits: only what they began with, ended as, and the code of what went wrong. */
export function logFits(events: EventBus, log: LogFile): Disposable {
  const states = new Map<string, string>();
  return events.listen((event) => {
    if (event.name !== 'fits.changed') return;
    const { id, state, error, budgetBytes, contextTokens, lowLayers } = event.data;
    if (states.get(id) === state) return;
    states.set(id, state);
    const facts = { state, code: error?.code, budgetBytes, contextTokens, lowLayers };
    log.write(state === 'running' ? 'fit-started' : 'fit-ended', facts);
  });
}

/** What no code of the contract names is a bug: its place goes to the log, its message, which may name files, does not. */
export function logBug(log: LogFile, where: string, error: unknown): void {
  if (error instanceof SnugError && error.code !== 'BUG') return;
  const { name, code } = (error ?? {}) as { name?: string; code?: unknown };
  log.write('bug', {
    where,
    name: typeof name === 'string' ? name : typeof error,
    code: typeof code === 'string' ? code : undefined,
    at: framesOf(error),
  });
}

/** The same services, whose bugs are logged. */
export function logBugs(api: Api, log: LogFile): Api {
  const services = Object.entries(api).map(([name, service]) => [name, logged(name, service as object, log)]);
  return Object.fromEntries(services) as Api;
}

function logged(name: string, service: object, log: LogFile): object {
  return new Proxy(service, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key, target);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]): Promise<unknown> => {
        try {
          return await (method as (...given: unknown[]) => unknown).apply(target, given);
        } catch (error) {
          logBug(log, `${name}.${String(key)}`, error);
          throw error;
        }
      };
    },
  });
}

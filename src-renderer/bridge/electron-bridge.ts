import type { ApiEvent } from '../../src-main/contract/api.ts';
import type { AddedPicture, DocumentPages } from '../../src-main/contract/conversation.ts';
import { fromErrorData, type ErrorData } from '../../src-main/contract/errors.ts';
import type { Reply } from '../../src-main/contract/wire.ts';
import type { Bridge } from './bridge.ts';
import { callingProxy } from './calling-proxy.ts';

type Outcome<Value> = { readonly value: Value } | { readonly error: ErrorData };

/** What the preload script puts into the window (src-main/preload.ts). */
export interface ShellBridge {
  call(message: unknown): Promise<Reply | undefined>;
  addPicture(bytes: Uint8Array, name: string, page?: number): Promise<Outcome<AddedPicture>>;
  documentPages(bytes: Uint8Array, name: string, first: number): Promise<Outcome<DocumentPages>>;
  listen(listener: (event: ApiEvent) => void): () => void;
  pathOf(file: File): string;
  chooseModels(): Promise<Outcome<readonly string[]>>;
  chooseFolder(): Promise<Outcome<string | null>>;
  openLogs(): Promise<Outcome<undefined>>;
  showInFolder(path: string): Promise<Outcome<undefined>>;
}

function valueOf<Value>(outcome: Outcome<Value>): Value {
  if ('error' in outcome) throw fromErrorData(outcome.error);
  return outcome.value;
}

/** The window's side of Electron's IPC. */
export function connectShell(shell: ShellBridge): Bridge {
  let nextId = 1;
  const call = async (service: string, method: string, argument: unknown) => {
    const reply = await shell.call({ id: nextId++, service, method, argument });
    if (reply === undefined) throw new TypeError(`${service}.${method} was not understood`);
    if ('error' in reply) throw fromErrorData(reply.error);
    return reply.value;
  };
  return {
    api: callingProxy(call),
    // IPC within one app does not get lost
    connection: { state: 'open' },
    onConnection: () => () => undefined,
    listen: (listener) => shell.listen(listener),
    addPicture: async (file, name, page) =>
      valueOf(await shell.addPicture(new Uint8Array(await file.arrayBuffer()), name, page)),
    documentPages: async (file, name, first) =>
      valueOf(await shell.documentPages(new Uint8Array(await file.arrayBuffer()), name, first)),
    pictureUrl: (hash) => `snug://pictures/${hash}`,
    pathOf: (file) => shell.pathOf(file) || undefined,
    chooseModels: async () => valueOf(await shell.chooseModels()),
    chooseFolder: async () => valueOf(await shell.chooseFolder()),
    openLogs: async () => valueOf(await shell.openLogs()),
    showInFolder: async (path) => valueOf(await shell.showInFolder(path)),
  };
}

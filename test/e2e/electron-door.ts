import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import type { Api } from '../../src-main/contract/api.ts';
import { fromErrorData } from '../../src-main/contract/errors.ts';
import type { ShellBridge } from '../../src-renderer/bridge/electron-bridge.ts';
import { electronProgram } from '../../tools/package/electron-program.ts';
import { PAGE_MILLISECONDS, type Door, type DoorKind } from './door.ts';

const staged = join(import.meta.dirname, '..', '..', 'dist', 'app');

/** The real app: Electron on what `npm run app` would start. */
class ElectronDoor implements Door {
  readonly #home: string;
  readonly #program: string;
  readonly #watch: (page: Page) => void;
  readonly workers = undefined;
  #app!: ElectronApplication;
  page!: Page;

  constructor(program: string, { home, watch }: { home: string; watch: (page: Page) => void }) {
    this.#program = program;
    this.#home = home;
    this.#watch = watch;
  }

  async start(): Promise<void> {
    this.#app = await _electron.launch({
      executablePath: this.#program,
      // containers have no user namespaces for Chromium's sandbox
      args: [staged, ...(process.platform === 'linux' ? ['--no-sandbox'] : [])],
      env: { ...(process.env as Record<string, string>), SNUG_HOME: this.#home },
    });
    this.page = await this.#app.firstWindow();
    this.page.setDefaultTimeout(PAGE_MILLISECONDS);
    this.#watch(this.page);
  }

  /** The contract over the bridge of the window. */
  get api(): Api {
    return new Proxy({} as Api, {
      get: (_, service) =>
        new Proxy(
          {},
          {
            get: (__, method) => (argument: unknown) => this.#call(String(service), String(method), argument),
          },
        ),
    });
  }

  async #call(service: string, method: string, argument: unknown): Promise<unknown> {
    const reply = await this.page.evaluate(
      (message) => (window as unknown as { snugShell: ShellBridge }).snugShell.call(message),
      { id: 1, service, method, argument },
    );
    if (reply && 'error' in reply) throw fromErrorData(reply.error);
    return reply?.value;
  }

  anotherWindow(): Promise<Page> {
    throw new Error('the app has one window');
  }

  async restart(): Promise<void> {
    await this.close();
    await this.start();
  }

  close(): Promise<void> {
    return this.#app.close();
  }
}

const program = electronProgram();

export const electronDoor: DoorKind = {
  name: 'Electron',
  holds: false,
  available: program !== undefined && existsSync(staged),
  open: async (options) => {
    if (program === undefined) throw new Error('there is no Electron');
    const door = new ElectronDoor(program, options);
    await door.start();
    return door;
  },
};

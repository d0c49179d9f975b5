import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Api } from '../../src-main/contract/api.ts';
import { startEndpoint } from '../../src-main/doors/endpoint/endpoint.ts';
import { startServer, type RunningServer } from '../../src-main/serve/server.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { browserPath, launchBrowser } from '../helpers/browser.ts';
import { PAGE_MILLISECONDS, type Door, type DoorKind, type DoorOptions } from './door.ts';
import { electronDoor } from './electron-door.ts';
import { Workers } from './workers.ts';

class BrowserDoor implements Door {
  readonly workers = new Workers();
  readonly #home: string;
  readonly #instead: Pick<DoorOptions, 'builtIn' | 'catalogue'>;
  readonly #watch: (page: Page) => void;
  readonly #browser: Browser;
  #services!: Services;
  #server!: RunningServer;
  #context!: BrowserContext;
  page!: Page;

  constructor(browser: Browser, { home, watch, ...instead }: DoorOptions) {
    this.#browser = browser;
    this.#home = home;
    this.#instead = instead;
    this.#watch = watch;
  }

  get api(): Api {
    return this.#services.api;
  }

  async start(): Promise<void> {
    this.#services = await openServices({
      home: this.#home,
      door: 'browser',
      ...this.#instead,
      start: this.workers.start,
      endpoint: startEndpoint,
    });
    this.#server = await startServer(this.#services, { port: 0 });
    this.#context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 } });
    this.page = await this.#newPage(this.#server.url);
  }

  async #newPage(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    this.#prepare(page);
    await page.goto(url);
    return page;
  }

  #prepare(page: Page): void {
    page.setDefaultTimeout(PAGE_MILLISECONDS);
    this.#watch(page);
  }

  // the token of the address works once; a duplicate of the tab has its session
  async anotherWindow(): Promise<Page> {
    const opened = this.#context.waitForEvent('page');
    await this.page.evaluate(() => void window.open(location.pathname));
    const page = await opened;
    this.#prepare(page);
    return page;
  }

  async restart(): Promise<void> {
    await this.#stop();
    await this.start();
  }

  async close(): Promise<void> {
    await this.#stop();
    await this.#browser.close();
  }

  async #stop(): Promise<void> {
    // the pages first: they would say that the connection was lost
    await this.#context.close();
    await this.#server.close();
    // a held process goes on when it is told to end, and not before: its answer would come to an end by itself
    await this.#services.close();
    this.workers.release();
  }
}

const browserDoor: DoorKind = {
  name: 'Chromium',
  available: browserPath !== undefined,
  holds: true,
  open: async (options) => {
    const door = new BrowserDoor(await launchBrowser(), options);
    await door.start();
    return door;
  },
};

export const doors: readonly DoorKind[] = [browserDoor, electronDoor];

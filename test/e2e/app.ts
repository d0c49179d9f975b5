import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { Api } from '../../src-main/contract/api.ts';
import type { Message } from '../../src-main/contract/conversation.ts';
import type { ModelEntry } from '../../src-main/contract/model.ts';
import { timeKernels } from '../helpers/timed-home.ts';
import { doors } from './doors.ts';
import { type Door } from './door.ts';
import type { Workers } from './workers.ts';

/**
 * Runs specs on a freshly installed app in every way it can be opened here, and where its workers can be held, if `holds` asks for that.
 * `builtIn`: a model in the place of the one that Snug comes with; `catalogue`: a list in the place of that of models to download.
 */
export function inEachDoor(
  subject: string,
  { holds, ...instead }: { holds: boolean; builtIn?: string; catalogue?: string },
  specs: (app: App) => void,
): void {
  for (const kind of doors.filter((door) => door.holds || !holds)) {
    describe.skipIf(!kind.available)(`${subject}, in ${kind.name} (skipped where there is none)`, () => {
      const app = new App();
      beforeAll(async () => {
        app.home = mkdtempSync(join(tmpdir(), 'snug-e2e-'));
        await timeKernels(app.home);
        app.door = await kind.open({ home: app.home, ...instead, watch: (page) => app.watch(page) });
        // tests share two cores with the window
        await app.api.settings.set({ threads: 1, contextTokens: 1024, temperature: 0 });
      });
      afterAll(async () => {
        await app.door.close();
        rmSync(app.home, { recursive: true, force: true });
      });
      afterEach(() => {
        app.door.workers?.release();
        expect(app.takeComplaints()).toEqual([]);
      });
      specs(app);
    });
  }
}

/** What a person can do in a window and see there. */
export class Window {
  readonly #page: () => Page;

  constructor(page: () => Page) {
    this.#page = page;
  }

  get page(): Page {
    return this.#page();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  go(name: 'Fit' | 'Chat' | 'Models' | 'Settings'): Promise<void> {
    return this.page.getByRole('navigation').first().getByRole('link', { name }).click();
  }

  async newChat(): Promise<void> {
    await this.go('Chat');
    await this.button(/New chat/)
      .first()
      .click();
    // a new conversation is there at once; it is shown when its own, empty composer is
    await this.page.getByText('Ask about a picture', { exact: true }).waitFor();
  }

  /** Adds a picture by the file dialog and waits for what it will cost. */
  async attach(path: string): Promise<void> {
    await this.page.locator('input[type=file]').first().setInputFiles(path);
    await this.page
      .getByText(/tokens/)
      .first()
      .waitFor();
  }

  /** Drops or pastes a picture where one writes; the system's part of it can't be driven, so the event is made here. */
  async giveFile(how: 'drop' | 'paste', path: string, name: string): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([base64, fileName]) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], fileName, { type: 'image/png' }));
        return data;
      },
      [readFileSync(path).toString('base64'), name] as const,
    );
    if (how === 'drop') return this.composer.dispatchEvent('drop', { dataTransfer: transfer });
    await this.composer.evaluate(
      (field, clipboardData) =>
        field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })),
      transfer,
    );
  }

  get composer(): Locator {
    return this.page.getByLabel('Your question');
  }

  /** Answers in the open conversation. */
  get answers(): Locator {
    return this.page.getByRole('article', { name: /^Answer by/ });
  }

  async type(question: string): Promise<void> {
    await this.composer.fill(question);
    await this.composer.press('Enter');
  }

  /** Asks and waits for the whole answer. */
  async ask(question: string): Promise<string> {
    const before = await this.answers.count();
    await this.type(question);
    return this.wholeAnswer(before);
  }

  async wholeAnswer(index: number): Promise<string> {
    // an earlier answer is whole and stays until the one that comes has its first word
    await this.button(/^Stop/).waitFor({ state: 'detached' });
    const answer = this.answers.nth(index);
    await answer.getByRole('button', { name: 'Copy answer' }).waitFor();
    return answer.innerText();
  }

  /** Presses the button that fits, also where the laptop gives reason for a word before. */
  async startFit(name: 'Fit to my RAM' | 'Refit to this budget' = 'Fit to my RAM'): Promise<void> {
    await this.button(name).click();
    const anyway = this.button('Start anyway');
    await anyway.or(this.button('Pause')).first().waitFor();
    if (await anyway.isVisible()) await anyway.click();
  }
}

export class App extends Window {
  home = '';
  door!: Door;
  readonly #complaints: string[] = [];

  constructor() {
    super(() => this.door.page);
  }

  get api(): Api {
    return this.door.api;
  }

  get workers(): Workers {
    if (!this.door.workers) throw new Error('workers cannot be held here: say `holds` to inEachDoor');
    return this.door.workers;
  }

  async anotherWindow(): Promise<Window> {
    const page = await this.door.anotherWindow();
    return new Window(() => page);
  }

  watch(page: Page): void {
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(message.text());
    });
  }

  /** Uncaught errors and console errors of all pages since the last time; each test must leave none. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0);
  }

  /** The newest conversation's last message, as it is stored. */
  async lastMessage(): Promise<Message | undefined> {
    const [newest] = await this.api.conversations.list({});
    return newest && (await this.api.conversations.get({ id: newest.id })).thread.at(-1);
  }

  /** The newest conversation's last question, as it is stored. */
  async lastQuestion(): Promise<Message | undefined> {
    const [newest] = await this.api.conversations.list({});
    const { thread } = newest ? await this.api.conversations.get({ id: newest.id }) : { thread: [] };
    return thread.findLast(({ role }) => role === 'user');
  }

  async demoModel(): Promise<ModelEntry> {
    const found = (await this.api.library.list({})).find(({ builtIn }) => builtIn);
    if (!found) throw new Error('the demo model is not in the library');
    return found;
  }
}

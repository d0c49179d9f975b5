import { expect, it } from 'vitest';
import { pageOf, pdfOf } from '../helpers/pdf.ts';
import { inEachDoor } from './app.ts';
import { focused } from './looks.ts';

inEachDoor('the keyboard alone', { holds: true }, (app) => {
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => app.page.keyboard.press(key)), Promise.resolve());

  /** Presses Tab until something of that name has the focus; all on the way show that they have it. */
  async function tabTo(name: string | RegExp): Promise<void> {
    const passed: string[] = [];
    for (let step = 0; step < 80; step++) {
      await press('Tab');
      const now = await focused(app.page);
      // past the last one the browser itself has the focus
      if (now.tag !== 'body' && !now.ring) throw new Error(`the focus is not seen on ${now.tag} ${now.name}`);
      if (typeof name === 'string' ? now.name === name : name.test(now.name)) return;
      passed.push(now.name);
    }
    throw new Error(`Tab does not lead to ${String(name)}: ${passed.join(', ')}`);
  }

  /** Runs the command that a few letters find. */
  async function command(letters: string): Promise<void> {
    await press('Control+k');
    await app.page.getByRole('combobox', { name: 'Search commands' }).waitFor();
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Search commands', ring: true });
    await app.page.keyboard.type(letters);
    await press('Enter');
  }

  it('chooses a budget, starts a fit and cancels it', async () => {
    await app.button('Fit to my RAM').waitFor();
    await tabTo(/^Memory it may take/);
    const slider = app.page.getByLabel(/^Memory it may take/);
    const before = Number(await slider.inputValue());
    await press('ArrowRight', 'ArrowRight');
    expect(Number(await slider.inputValue())).toBeGreaterThan(before);

    const held = app.workers.holdFit('calibrate');
    await tabTo('Fit to my RAM');
    await press('Enter');
    const anyway = app.button('Start anyway');
    await anyway.or(app.button('Pause')).first().waitFor();
    if (await anyway.isVisible()) {
      await tabTo('Start anyway');
      await press('Enter');
    }
    await held;
    await tabTo('Cancel');
    await press('Space');
    await app.button('Fit to my RAM').waitFor();
    await app.page.waitForFunction(() => document.activeElement?.ariaLabel === 'Fitting');
    const [job] = await app.api.fits.list({});
    expect(job?.state).toBe('cancelled');
  });

  it('goes to the chat by a command, asks, stops, and edits the question', async () => {
    await command('go to chat');
    await app.page.getByText('No conversation yet').waitFor();
    await press('Control+n');
    await app.composer.waitFor();
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Your question', ring: true });

    const words = app.workers.holdAnswer();
    await app.page.keyboard.type('Describe a circle.');
    await press('Enter');
    await app.answers.getByText(await words).waitFor();
    await press('Escape');
    await app.answers.getByText('You stopped this answer.').waitFor();
    app.workers.release();

    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Your question' });
    await press('ArrowUp');
    expect(await app.composer.inputValue()).toBe('Describe a circle.');
    await press('Escape');
    expect(await app.composer.inputValue()).toBe('');
    await press('ArrowUp', 'Control+a');
    await app.page.keyboard.type('Describe a square.');
    await press('Enter');
    await app.answers.getByText('You stopped this answer.').waitFor({ state: 'detached' });
    await app.wholeAnswer(0);
    const [conversation] = await app.api.conversations.list({});
    const { thread } = await app.api.conversations.get({ id: conversation?.id ?? '' });
    expect(thread.map(({ text }) => text)).toEqual(['Describe a square.', expect.any(String)]);
  });

  it('reaches every control of a conversation, with the focus in sight', async () => {
    await tabTo('Two models side by side');
    for (const name of [
      'Rename',
      'Model of this conversation',
      'Options of this conversation',
      'More for this conversation',
      'Conversation',
      'Copy answer',
      'Answer again',
    ])
      await tabTo(name);
  });

  it('goes on where one writes after New chat, also where that is shown already, and in the list after Delete', async () => {
    await press('Control+n');
    await app.page.getByText('Ask about a picture', { exact: true }).waitFor();
    await tabTo('New chat');
    await press('Enter');
    await app.page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
    await tabTo(/^Describe a circle/);
    await press('Delete');
    await app.page.getByText('“Describe a circle.” was deleted').waitFor();
    await app.page.waitForFunction(() => document.activeElement?.matches('nav li > a') === true);
  });

  it('goes on where one writes once a picture is removed and once pages are chosen, of one document after the other', async () => {
    await app.newChat();
    const add = (...documents: { name: string; pages: number }[]) =>
      app.page.locator('input[type=file]').setInputFiles(
        documents.map(({ name, pages }) => ({
          ...{ name, mimeType: 'application/pdf' },
          buffer: pdfOf(Array.from({ length: pages }, () => pageOf([1, 0, 0]))),
        })),
      );
    await add({ name: 'first.pdf', pages: 2 }, { name: 'second.pdf', pages: 2 });
    await app.page.getByRole('heading', { name: 'Pages of first.pdf' }).waitFor();
    await press('Escape');
    await app.page.getByRole('heading', { name: 'Pages of second.pdf' }).waitFor();
    await tabTo(/Page 2/);
    await press('Space');
    await tabTo('Add 1 page');
    await press('Enter');
    await app.button('Remove second.pdf, page 2').waitFor();
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Your question' });
    await app.button('Remove second.pdf, page 2').press('Enter');
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Your question' });
  });

  it('goes on at the buttons beside once a title was changed and a model unloaded', async () => {
    await app.newChat();
    await app.ask('Describe a circle.');
    await app.button('Rename').press('Enter');
    await app.page.keyboard.type('Circles');
    await press('Enter');
    await app.page.waitForFunction(() => document.activeElement?.ariaLabel === 'Rename');
    await app.button('Rename').press('Enter');
    await press('Escape');
    await app.page.waitForFunction(() => document.activeElement?.ariaLabel === 'Rename');
    await app.button('Unload').press('Enter');
    await app.button('Unload').waitFor({ state: 'detached' });
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Model of this conversation' });
  });

  it('goes on in the field once a model was added or refused', async () => {
    await app.go('Models');
    const field = app.page.getByLabel('Path of a file or folder');
    await field.fill('/nowhere.gguf');
    await app.button(/^Add$/).press('Enter');
    await app.button(/^Close$/).press('Enter');
    await expect.poll(() => focused(app.page)).toMatchObject({ tag: 'textarea' });
    await field.fill(app.home);
    await app.button(/^Add$/).press('Enter');
    await app.page.getByText(/No GGUF files found/).waitFor();
    await app.page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
    await app.go('Chat');
  });

  it('lists the shortcuts for ?, and types it where one writes', async () => {
    await tabTo('Your question');
    await app.page.keyboard.type('?');
    expect(await app.composer.inputValue()).toBe('?');
    await app.composer.fill('');
    await tabTo('Fit');
    await press('?');
    await app.page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
    await press('Escape');
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Fit' });
  });

  it('closes the commands with Escape and gives the focus back', async () => {
    await tabTo('Your question');
    await press('Control+k');
    await app.page.getByRole('combobox', { name: 'Search commands' }).waitFor();
    await press('ArrowDown', 'ArrowUp', 'Escape');
    await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Your question' });
  });

  it.each(['a command was run', 'they were closed'])(
    'opens the commands again in the moment that %s',
    async (how) => {
      await press('Control+k');
      const search = app.page.getByRole('combobox', { name: 'Search commands' });
      await search.waitFor();
      await app.page.keyboard.type('go to models');
      // both in one task: only later does the browser say that the dialog was closed, and by then it is open again
      await search.evaluate(async (field, byCommand) => {
        const dialog = field.closest('dialog');
        const closed = new Promise((resolve) => dialog?.addEventListener('close', resolve));
        const press = (init: KeyboardEventInit): boolean =>
          field.dispatchEvent(new KeyboardEvent('keydown', { ...init, bubbles: true, cancelable: true }));
        if (byCommand) press({ key: 'Enter' });
        else dialog?.close();
        press({ key: 'k', ctrlKey: true });
        await closed;
      }, how === 'a command was run');
      await expect.poll(() => focused(app.page)).toMatchObject({ name: 'Search commands' });
      await press('Escape');
      await search.waitFor({ state: 'hidden' });
    },
  );

  it.each([
    ['a command', () => command('settings')],
    ['a shortcut', () => press('Control+,')],
    ['Tab', () => tabTo('Settings').then(() => press('Enter'))],
  ])('reaches the settings by %s', async (_, reach) => {
    await command('go to models');
    await app.page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    await reach();
    await app.page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  });
});

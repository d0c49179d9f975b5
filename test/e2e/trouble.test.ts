import { appendFileSync, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { writeTextModel } from '../helpers/small-models.ts';
import { inEachDoor } from './app.ts';

inEachDoor('trouble', { holds: true }, (app) => {
  it('says that the model died of too little memory, keeps what had come, and answers with a smaller context', async () => {
    await app.newChat();
    const words = app.workers.holdAnswer();
    await app.type('Describe a circle.');
    const said = await words;
    await app.answers.getByText(said).waitFor();
    app.workers.kill();
    await app.answers.getByText('The answer was cut off').waitFor();
    const shown = await app.answers.innerText();
    expect(shown).toContain(said);
    expect(shown).toContain('The model stopped, probably out of memory');
    expect(await app.lastMessage()).toMatchObject({ state: 'failed', error: { code: 'WORKER_DIED' } });

    await app.button('Try with less memory: 512 tokens of context').click();
    await app.page.getByText('This conversation now has 512 tokens of context').waitFor();
    await app.wholeAnswer(0);
    expect(await app.lastMessage()).toMatchObject({ state: 'done', statistics: { contextTokens: 512 } });
  });

  it('answers on the second try when it died once', async () => {
    await app.newChat();
    const words = app.workers.holdAnswer();
    await app.type('Describe a square.');
    await words;
    app.workers.kill();
    await app.button('Try again').click();
    await app.wholeAnswer(0);
    expect(await app.lastMessage()).toMatchObject({ state: 'done', statistics: { contextTokens: 1024 } });
  });

  it('says that the model file is gone, and loses neither the answer that comes nor the question', async () => {
    const { path, mmproj } = await app.demoModel();
    const folder = join(app.home, 'other');
    mkdirSync(folder);
    const copy = join(folder, 'copied.gguf');
    copyFileSync(path, copy);
    // the same content would be the same model
    appendFileSync(copy, '\0');
    const visions = mmproj === null ? [] : [join(folder, basename(mmproj.path))];
    for (const vision of visions) copyFileSync(mmproj?.path ?? '', vision);
    const { added } = await app.api.library.add({ paths: [copy, ...visions] });
    await app.newChat();
    await app.page.getByLabel('Model of this conversation').selectOption(added[0]?.id ?? '');

    const words = app.workers.holdAnswer();
    await app.type('Describe a circle.');
    const said = await words;
    renameSync(copy, `${copy}.away`);
    app.workers.release();
    // what is loaded stays loaded: only the context ends this answer
    const answer = await app.wholeAnswer(0);
    expect(answer).toContain(said);

    await app.type('And a square?');
    await app.page.getByText(/copied\.gguf cannot be used: its file is gone/).waitFor();
    await app.page.getByText(/Bring its file back to where it was, or choose another model/).waitFor();
    expect(await app.composer.inputValue()).toBe('And a square?');
    expect(await app.answers.count()).toBe(1);

    renameSync(`${copy}.away`, copy);
    await app.composer.press('Enter');
    await app.wholeAnswer(1);
    expect(await app.lastMessage()).toMatchObject({ state: 'done' });
  });

  it('finds a model that was moved by what it holds, and verifies its files', async () => {
    const folder = join(app.home, 'before');
    mkdirSync(folder);
    const path = writeTextModel(folder, { architecture: 'llama' }, 'wanderer.gguf');
    const { added } = await app.api.library.add({ paths: [path] });
    const id = added[0]?.id ?? '';
    await app.api.library.verify({ id });
    const moved = join(app.home, 'models', 'elsewhere.gguf');
    renameSync(path, moved);
    await app.go('Models');
    await app.page.reload();
    const row = app.page.locator(`#model-${id}`);
    await row.getByRole('button', { name: 'Look for it' }).click();
    await row.getByText('elsewhere.gguf').waitFor();
    await row.getByRole('button', { name: 'Inspect' }).click();
    const dialog = app.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Verify files' }).click();
    await dialog.getByText('Every file holds what it held when it came.').waitFor();
    expect((await app.api.library.inspect({ id })).entry.path).toBe(moved);
    await app.page.keyboard.press('Escape');
  });

  it('fits one model at a time, and says so in every window', async () => {
    const other = (await app.api.library.list({})).find(({ builtIn }) => !builtIn);
    const demo = await app.demoModel();
    await app.go('Fit');
    const held = app.workers.holdFit('calibrate');
    await app.startFit();
    await held;
    await app.button('Pause').click();
    await app.button('Resume').waitFor();

    const second = await app.anotherWindow();
    await second.button('Resume').waitFor();
    const heldAgain = app.workers.holdFit('calibrate');
    await app.page.locator(`input[type=radio][value="${other?.id ?? ''}"]`).check();
    await app.startFit();
    await heldAgain;
    await second.page.locator(`input[type=radio][value="${demo.id}"]`).check();
    await second.button('Resume').click();
    await second.page.getByText('another fit is running').waitFor();
    await second.page.getByText('Wait for it, or pause it; what it has done is kept.').waitFor();

    await second.button('Cancel').click();
    // with nothing of its own under way the page names the one that is
    await second.page.getByText(/is being fitted\. One fit runs at a time/).waitFor();
    expect(await second.button('Fit to my RAM').isDisabled()).toBe(true);
    await app.button('Cancel').click();
    await app.button('Fit to my RAM').waitFor();
    await second.page.waitForFunction(() => !document.body.innerText.includes('One fit runs at a time'));
    const jobs = await app.api.fits.list({});
    expect(jobs.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    await second.page.close();
  });
});

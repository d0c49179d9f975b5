import { beforeAll, expect, it } from 'vitest';
import { sample } from '../fixtures/demo.ts';
import { shortModel } from '../fixtures/short-demo.ts';
import { inEachDoor } from './app.ts';

// One person's first day with Snug, without a look behind the scenes: the same in a browser and in the installed app.

inEachDoor('from the first start to the next day', { holds: false, builtIn: shortModel }, (app) => {
  // every type and trial that a person gets; the installed app has no others
  beforeAll(() => {
    if (app.door.workers) app.door.workers.fits = {};
  });

  it('fits the model that is there to the memory', async () => {
    await app.page.getByRole('heading', { level: 1, name: /Fit a model/ }).waitFor();
    await app.startFit();
    await app.button('Chat with it').waitFor({ timeout: 350_000 });
    expect((await app.api.fits.list({}))[0]).toMatchObject({ state: 'done', error: null });
  });

  it('asks about a picture and goes on asking', async () => {
    await app.newChat();
    await app.attach(sample('circle'));
    expect(await app.ask('What color is the circle?')).not.toBe('');
    expect(await app.ask('How many shapes are there?')).not.toBe('');
  });

  it('finds it all again the next day', async () => {
    const before = await app.api.conversations.list({});
    await app.door.restart();
    expect(await app.api.conversations.list({})).toEqual(before);
    await app.go('Chat');
    await app.page.getByText('What color is the circle?').first().click();
    await app.answers.nth(1).waitFor();
    await app.go('Models');
    await app.page
      .getByText(/Fitted|layers IQ1_M|none has to go lower/)
      .first()
      .waitFor();
  });
});

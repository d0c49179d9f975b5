import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sample } from '../fixtures/demo.ts';
import { inEachDoor } from './app.ts';

inEachDoor('chat', { holds: true }, (app) => {
  const chooser = () => app.page.locator('input[type=file]').first();

  it('takes a picture that is dropped on the chat, and one that is pasted', async () => {
    await app.newChat();
    await app.giveFile('drop', sample('circle'), 'circle.png');
    await app.button(/^Remove circle/).waitFor();
    await app.giveFile('paste', sample('shapes'), 'shapes.png');
    await app.button(/^Remove shapes/).waitFor();
    await app.ask('What else is there?');
    expect((await app.lastQuestion())?.pictures.map(({ name }) => name)).toEqual([
      'circle.png',
      'shapes.png',
    ]);
  });

  it('answers about a picture from the file dialog, and a follow-up', async () => {
    await app.newChat();
    await app.attach(sample('circle'));
    expect(await app.ask('What color is the circle?')).not.toBe('');
    expect(await app.ask('How many shapes are there?')).not.toBe('');
    const [conversation] = await app.api.conversations.list({});
    expect(conversation?.messages).toBe(4);
  });

  it('keeps the others when one dropped file is no picture, and says why', async () => {
    const broken = join(app.home, 'notes.png');
    writeFileSync(broken, 'no picture');
    await chooser().setInputFiles([broken, sample('shapes')]);
    await app.page
      .getByText(/is not a picture that can be read/)
      .first()
      .waitFor();
    // the shapes are there a second time, and one of them says nothing more
    await app.page.getByText('Adding', { exact: true }).waitFor({ state: 'detached' });
    await app.button(/^Remove shapes/).click();
    // the browser itself notes the refused upload
    expect(app.takeComplaints()).toEqual([expect.stringContaining('400')]);
  });

  it('answers again, edits with the arrow key, and finds it by search', async () => {
    await app.button('Answer again').last().click();
    await app.wholeAnswer(1);
    await app.composer.press('ArrowUp');
    await app.type('Is there a blue circle?');
    await app.wholeAnswer(1);
    await app.page.getByLabel('Search conversations').fill('blue cir');
    await app.page
      .getByText(/blue circle/)
      .first()
      .waitFor();
    await app.page.getByLabel('Search conversations').fill('');
    expect(await app.api.conversations.search({ query: 'many shapes' })).toEqual([]);
  });

  it('keeps what had come of an answer that is stopped, and says that it was', async () => {
    await app.newChat();
    const words = app.workers.holdAnswer();
    await app.type('Describe a circle.');
    const said = await words;
    await app.answers.getByText(said).waitFor();
    await app.button(/^Stop/).click();
    await app.answers.getByText('You stopped this answer.').waitFor();
    expect(await app.answers.innerText()).toContain(said);
    const kept = await app.lastMessage();
    expect(kept).toMatchObject({ state: 'stopped', error: null });
    expect(kept?.text).toContain(said);
    // the model is free for the next question at once
    expect(await app.ask('And a square?')).not.toBe('');
  });

  it('keeps an answer that was being written when the app ended', async () => {
    await app.newChat();
    const words = app.workers.holdAnswer();
    await app.type('Describe a square.');
    const said = await words;
    await app.door.restart();
    await app.go('Chat');
    await app.answers.getByText(said).waitFor();
    // an end in good order stops the answer
    await app.answers.getByText('You stopped this answer.').waitFor();
    await app.button('Answer again').click();
    await app.answers.getByText('You stopped this answer.').waitFor({ state: 'detached' });
    await app.wholeAnswer(0);
    expect(await app.lastMessage()).toMatchObject({ state: 'done' });
  });

  it('finds every conversation again after a restart', async () => {
    const before = await app.api.conversations.list({});
    await app.door.restart();
    await app.go('Chat');
    await app.page.getByText('What color is the circle?').first().click();
    await app.page.getByText('Is there a blue circle?').first().waitFor();
    expect(await app.api.conversations.list({})).toEqual(before);
  });

  it('keeps what is being written over a reload and a restart, pictures too, until it is sent', async () => {
    await app.newChat();
    await app.attach(sample('circle'));
    await app.composer.fill('Is it');
    await app.page.reload();
    await app.button(/^Remove circle/).waitFor();
    expect(await app.composer.inputValue()).toBe('Is it');
    await app.composer.fill('Is it red?');
    await app.door.restart();
    await app.go('Chat');
    await app.button(/^Remove circle/).waitFor();
    expect(await app.composer.inputValue()).toBe('Is it red?');
    await app.composer.press('Enter');
    await app.wholeAnswer(0);
    expect((await app.lastQuestion())?.pictures).toHaveLength(1);
    await app.page.reload();
    await app.answers.waitFor();
    expect(await app.composer.inputValue()).toBe('');
    expect(await app.button(/^Remove circle/).count()).toBe(0);
  });

  it('changes the pictures of an edited question', async () => {
    await app.button('Edit question').last().click();
    await app.button(/^Remove circle/).click();
    await app.attach(sample('shapes'));
    await app.button('Ask the changed question').click();
    await app.page.getByRole('button', { name: /^Show shapes.* larger/ }).waitFor();
    await app.wholeAnswer(0);
    expect((await app.lastQuestion())?.pictures.map(({ name }) => name)).toEqual(['shapes.png']);
  });

  it('shows what is written in another window, that it was renamed and deleted there, and brings it back', async () => {
    await app.newChat();
    const second = await app.anotherWindow();
    await second.go('Chat');
    await second.page.getByText('Ask about a picture', { exact: true }).waitFor();
    await app.composer.fill('half a question');
    await second.page.waitForFunction(() => document.querySelector('textarea')?.value === 'half a question');

    await app.page.getByRole('button', { name: 'Rename', exact: true }).click();
    await app.page.getByLabel('Title of the conversation').fill('Two windows '.repeat(15));
    await app.page.keyboard.press('Enter');
    await second.page.getByRole('heading', { name: 'Two windows' }).waitFor();
    // however long the title is
    const rename = await app.page.getByRole('button', { name: 'Rename', exact: true }).boundingBox();
    expect(rename?.width).toBe(32);

    await app.button('More for this conversation').click();
    await app.button('Delete').click();
    await second.page.getByText('This conversation was deleted').waitFor();
    await second.button('Bring it back').click();
    await second.page.getByRole('heading', { name: 'Two windows' }).waitFor();
    expect(await second.composer.inputValue()).toBe('half a question');
    await second.composer.fill('');
    await second.page.close();
  });

  it('shows in a second window what is asked in the first, and takes one question at a time', async () => {
    await app.newChat();
    const second = await app.anotherWindow();
    await second.go('Chat');
    await second.page.getByText('Ask about a picture', { exact: true }).waitFor();
    const words = app.workers.holdAnswer();
    await app.type('Describe a triangle.');
    const said = await words;
    await second.answers.getByText(said).waitFor();
    await second.page.getByRole('article', { name: 'You' }).getByText('Describe a triangle.').waitFor();

    // the model is busy for another conversation, which says so and keeps the question
    await second.page.getByText('What color is the circle?').first().click();
    await second.page.getByText('Is there a blue circle?').first().waitFor();
    await second.type('And now?');
    await second.page.getByText('Another answer is still being written.').waitFor();
    await second.page.getByText('Wait for it to end, or stop it.').waitFor();
    expect(await second.composer.inputValue()).toBe('And now?');

    await second.page.getByText('Describe a triangle.').first().click();
    await second.button(/^Stop/).click();
    await app.answers.getByText('You stopped this answer.').waitFor();
    await second.page.close();
  });
});

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src-main/contract/settings.ts';
import { QWEN_3B, SLIM_QWEN_7B, writeSparseQwenVl, type RealLayout } from '../fixtures/sparse-models.ts';
import { phonePhoto } from '../helpers/first-photo.ts';
import { inEachDoor } from './app.ts';

inEachDoor('the first hour with a model of real shape', { holds: true }, (app) => {
  const newChatWith = async (layout: RealLayout, weights: 'F16' | 'Q8_0') => {
    const { model, mmproj } = writeSparseQwenVl(app.home, layout, weights);
    const { added } = await app.api.library.add({ paths: [model, mmproj] });
    await app.newChat();
    await app.page.getByLabel('Model of this conversation').selectOption(added[0]?.id ?? '');
    return model;
  };
  beforeAll(async () => {
    const { contextTokens } = DEFAULT_SETTINGS;
    await app.api.settings.set({ contextTokens, maxTokens: 2 });
  });

  it('asks about a phone photo, at a cost that is said before, and more detail is one press', async () => {
    await newChatWith(SLIM_QWEN_7B, 'F16');
    const photo = join(app.home, 'photo.jpg');
    writeFileSync(photo, await phonePhoto());
    await app.attach(photo);
    const cost = app.page.getByText(/This picture takes/);
    expect(await cost.innerText()).toMatch(/9\d\d tokens, 2\d\s%/);
    const more = app.button(/^More detail: [\d,]+ tokens/);
    await more.click();
    await app.button(/^Less detail/).click();
    await app.ask('What is this?');
    expect(await app.lastMessage()).toMatchObject({ state: 'length', error: null });
  });

  it('stops a model that is being loaded, and leaves nothing of it in memory', async () => {
    const path = await newChatWith(QWEN_3B, 'Q8_0');
    const loading = app.workers.holdAt((event) => event.kind === 'loading');
    await app.type('What can you do?');
    await loading;
    await app.page.getByText(/^Loading the model/).waitFor();
    await app.page.keyboard.press('Escape');
    await app.page.getByText('You stopped this answer.').waitFor();
    expect(await app.api.chat.loaded({})).toBeNull();
    await app.go('Models');
    await app.page.getByText(basename(path)).first().waitFor();
    expect(await app.page.getByText('in memory').count()).toBe(0);
  });
});

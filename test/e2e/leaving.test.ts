import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeFitted } from '../helpers/fitted-files.ts';
import { inEachDoor } from './app.ts';

// A model leaves Snug: as files, and as answers to other programs.

inEachDoor('a model that leaves', { holds: true }, (app) => {
  it('is exported to a folder that is typed, and writes over nothing unasked', async () => {
    const files = join(app.home, 'files');
    mkdirSync(files);
    await app.api.library.add({ paths: [writeFitted(files).model] });
    await app.go('Models');
    const out = join(app.home, 'out');
    for (const isThere of [false, true]) {
      await app.button('Export…').click();
      await app.page.getByRole('textbox', { name: 'Folder', exact: true }).fill(out);
      await app.page.getByRole('button', { name: 'Export', exact: true }).click();
      if (isThere) await app.button('Replace them').click();
      await app.page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(readdirSync(join(out, 'Small-LUQ'))).toContain('README.md');
    }
    expect(existsSync(join(files, 'Small-LUQ.gguf'))).toBe(true);
  });

  it('is served by a button, to who has the key that is shown', async () => {
    await app.go('Settings');
    await app.page.getByLabel('Port', { exact: true }).fill('0');
    await app.page.getByRole('button', { name: 'Serve', exact: true }).click();
    const key = (await app.page.getByText(/^sk-snug-/).textContent()) ?? '';
    const address = (await app.page.getByText(/^http:\/\/127\.0\.0\.1:\d+\/v1$/).textContent()) ?? '';
    const ask = (bearer: string) =>
      fetch(`${address}/models`, { headers: { authorization: `Bearer ${bearer}` } });
    expect((await ask(key)).status).toBe(200);
    expect((await ask('sk-snug-other')).status).toBe(401);
    await app.button('Stop serving').click();
    await app.page.getByRole('button', { name: 'Serve', exact: true }).waitFor();
    await expect(ask(key)).rejects.toThrow();
  });
});

import { expect, it } from 'vitest';
import { inEachDoor } from './app.ts';

inEachDoor('settings', { holds: false }, (app) => {
  /** What a list shows as chosen. */
  const shown = (label: string) => app.page.getByLabel(label).locator('option:checked').innerText();

  it('take what is chosen from a list', async () => {
    await app.go('Settings');
    await app.page.getByLabel('Kernels').selectOption({ label: 'llama.cpp’s' });
    await app.page.getByLabel('Context length').selectOption({ label: '4,096 tokens' });
    await expect
      .poll(() => app.api.settings.get({}))
      .toMatchObject({ kernels: 'stock', contextTokens: 4096 });
  });

  it('show in a list what was chosen elsewhere, whatever it is', async () => {
    await app.go('Settings');
    await app.api.settings.set({ kernels: 'auto', contextTokens: 3000 });
    await expect.poll(() => shown('Context length')).toBe('3,000 tokens');
    expect(await shown('Kernels')).toContain('as memory allows');
  });
});

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { commandLine, filesIn } from '../../helpers/command-line.ts';
import { writeTextModel, writeVisionModel } from '../../helpers/small-models.ts';

const { folder, home, snug } = commandLine();
const studio = join(folder, 'studio');
const models = join(studio, 'models', 'publisher', 'Small-GGUF');
const model = join(models, 'small-f16.gguf');

beforeAll(() => {
  mkdirSync(models, { recursive: true });
  writeTextModel(models, {}, 'small-f16.gguf');
  writeVisionModel(models);
  writeFileSync(join(models, 'page.gguf'), '<html>Log in</html>');
  vi.stubEnv('LMSTUDIO_HOME', studio);
});

describe('snug models', () => {
  it('finds what other apps keep, and says what each is good for', async () => {
    const { code, stdout } = await snug('models', 'elsewhere');
    expect(code).toBe(0);
    expect(stdout).toContain(`LM Studio: ${join(studio, 'models')}`);
    expect(stdout).toMatch(/small-f16\.gguf, .* KiB: can be fitted and chatted with/);
    expect(stdout).toMatch(/page\.gguf, .*: can’t be used: it/);
    expect(stdout).toContain('snug models add FILE');
    const asked = await snug('models', 'elsewhere', '--json');
    const { apps } = JSON.parse(asked.stdout) as { apps: { app: string; models: { path: string }[] }[] };
    expect(apps.find(({ app }) => app === 'lmStudio')?.models).toHaveLength(2);
  }, 60_000);

  it('links a model where it is, says so, and copies it when asked', async () => {
    const linked = await snug('models', 'add', model);
    expect(linked.code).toBe(0);
    expect(linked.stdout).toContain(`Added: Small, `);
    expect(linked.stderr).toContain('what LM Studio deletes is gone here too');
    expect((await snug('models', 'elsewhere')).stdout).toMatch(/small-f16\.gguf, .*: in the library/);
    const again = await snug('models', 'add', model, '--copy');
    expect(again.stdout).toContain('Here already: Small');
    expect(existsSync(join(home, 'models', 'small-f16'))).toBe(false);
    const other = writeTextModel(folder, { layers: 3 }, 'other.gguf');
    const copied = await snug('models', 'add', other, '--copy', '--json');
    const { added } = JSON.parse(copied.stdout) as { added: { path: string }[] };
    expect(added.map(({ path }) => path)).toEqual([join(home, 'models', 'other', 'other.gguf')]);
    expect(filesIn(join(home, 'models', 'other'))).toEqual(['other.gguf']);
  }, 60_000);

  it('refuses what is no model, with what to do', async () => {
    const { code, stdout } = await snug('models', 'add', join(models, 'page.gguf'));
    expect(code).toBe(2);
    expect(stdout).toMatch(/Not added: .*page\.gguf/);
  }, 60_000);
});

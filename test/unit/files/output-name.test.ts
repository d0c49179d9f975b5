import { chmodSync, readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { shortened, tryOutputName } from '../../../src-main/files/output-name.ts';
import { outputPath } from '../../../src-main/fit/workspace.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

vi.mock('node:os', async (original) => ({ ...(await original<object>()), platform: vi.fn(() => 'linux') }));
afterEach(() => vi.mocked(platform).mockReturnValue('linux'));

describe('the name of a result', () => {
  it.each([`${'x'.repeat(235)}-f16.gguf`, `${'模'.repeat(80)}-f16.gguf`, `${'👩‍💻'.repeat(22)}.gguf`])(
    'is shortened by whole letters where its source has a long one',
    (name) => {
      const folder = temporaryFolder();
      const output = outputPath(folder, { path: join('/models', name), name: 'Model' }, 'Q4_K_M-IQ1_M');
      expect(Buffer.byteLength(basename(output))).toBeLessThan(230);
      expect(basename(output)).toMatch(/^(x+|模+|(👩‍💻)+)-LUQ-Q4_K_M-IQ1_M\.gguf$/u);
      expect(() => tryOutputName(output)).not.toThrow();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it.each([
    ['Qwen2.5-VL-7B-f16.gguf', 'Qwen2.5-VL-7B-LUQ.gguf'],
    ['Qwen2.5-VL-72B-f16-00001-of-00004.gguf', 'Qwen2.5-VL-72B-LUQ.gguf'],
    // Ollama's files have no names: the model's own is taken
    [`sha256-${'a'.repeat(64)}`, 'Qwen_ VL-LUQ.gguf'],
  ])('is that of the source without its precision (%s)', (source, result) => {
    expect(basename(outputPath(temporaryFolder(), { path: join('/models', source), name: 'Qwen: VL' }))).toBe(
      result,
    );
  });

  it('that has room stays, and loses no dots inside', () => {
    expect(shortened('Qwen2.5-VL', 180)).toBe('Qwen2.5-VL');
    expect(shortened('a. . b', 4)).toBe('a');
  });
});

describe('an output is tried before the work', () => {
  it('with the longest name that is written beside it', () => {
    const output = join(temporaryFolder(), `${'x'.repeat(245)}.gguf`);
    const error = thrown(() => tryOutputName(output));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain('its name is too long');
  });

  it('and is no folder', () => {
    const folder = temporaryFolder();
    const error = thrown(() => tryOutputName(folder));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain('it is a folder');
    expect(error.remedies?.map(({ kind }) => kind)).toContain('choose-output');
  });

  it.skipIf(process.getuid?.() === 0)('in a folder that may not be written to', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    expect(thrown(() => tryOutputName(join(folder, 'a.gguf'))).message).toContain('permission was denied');
    chmodSync(folder, 0o700);
  });

  it.each(['CON.gguf', 'a:b.gguf', 'what?.gguf', 'end.gguf.'])('on Windows with its rules: %s', (name) => {
    vi.mocked(platform).mockReturnValue('win32');
    expect(thrown(() => tryOutputName(`C:\\models\\${name}`)).message).toContain(
      'no name that Windows takes',
    );
  });
});

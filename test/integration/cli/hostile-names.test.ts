import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { changedModel } from '../../helpers/changed-demo.ts';
import { commandLine } from '../../helpers/command-line.ts';
import { demoMmproj } from '../../fixtures/demo.ts';

/**
 * A window title, a cleared screen, the clipboard, colours in one C1 character, a turned direction, and a line that says something else.
 */
const HOSTILE = '\x1b]0;OWNED\x07\x1b[2J\x1b]52;c;eA==\x07\x9b31m\u202e';
const ACTS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
/** Windows takes no such names for files. */
const inPaths = platform() === 'win32' ? '' : HOSTILE;

const { folder, snug } = commandLine();

function hostileModel(): string {
  const where = join(folder, `models${inPaths}`);
  mkdirSync(where, { recursive: true });
  const entries = [
    ggufEntry('general.name', GgufType.string, `${HOSTILE}\nError: forged`),
    ggufEntry(`luq.${HOSTILE}`, GgufType.string, HOSTILE),
    ggufEntry('luq.rungs', GgufType.string, [HOSTILE, HOSTILE]),
    ggufEntry('luq.low_layers', GgufType.uint32, [1]),
  ];
  const path = join(where, `m${inPaths}.gguf`);
  renameSync(changedModel(folder, { entries }), path);
  copyFileSync(demoMmproj, join(where, 'mmproj.gguf'));
  return path;
}

describe('no command lets a file write to the terminal', () => {
  const model = hostileModel();
  const missing = join(folder, `none${HOSTILE}`);
  it.each<[string, string[]]>([
    ['inspect', ['inspect', model]],
    ['inspect as JSON', ['inspect', model, '--json']],
    ['inspect of what is not there', ['inspect', missing]],
    ['profile', ['profile', '--model', missing]],
    ['fit', ['fit', model, '--budget', '1MiB']],
    ['fit with a bad option', ['fit', model, '--vision', HOSTILE]],
    ['chat', ['chat', 'hi', '--model', model, '--max-tokens', '2', '--threads', '1']],
    ['chat with a missing picture', ['chat', 'hi', '--image', missing, '--threads', '1']],
    ['evaluate', ['evaluate', model, '--task', 'pope', '--data', missing]],
    ['compare', ['compare', missing, '--output', folder]],
    ['models add', ['models', 'add', model]],
    ['an option that there is not', ['inspect', model, `--${HOSTILE}`]],
    ['a command that there is not', [HOSTILE]],
  ])(
    '%s',
    async (_, args) => {
      const { stdout, stderr, signal } = await snug(...args);
      expect(signal).toBeNull();
      expect(stdout + stderr).not.toBe('');
      expect(stdout).not.toMatch(ACTS);
      expect(stderr).not.toMatch(ACTS);
      expect(stdout + stderr).not.toMatch(/^Error: forged/m);
    },
    60_000,
  );

  it('a conversation neither', async () => {
    const ended = await snug('chat', '--model', model, '--threads', '1');
    expect(ended.stderr).toContain('\\u001b]0;OWNED');
    expect(ended.stdout + ended.stderr).not.toMatch(ACTS);
  }, 60_000);
});

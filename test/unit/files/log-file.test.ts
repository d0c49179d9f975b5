import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { LogFile, framesOf } from '../../../src-main/files/log-file.ts';
import { logBug } from '../../../src-main/services/logged.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const read = (folder: string, name = 'snug.log') => readFileSync(join(folder, name), 'utf8');

describe('the log', () => {
  it('has a line for each event, whatever its facts hold', () => {
    const folder = join(temporaryFolder(), 'logs');
    const log = new LogFile(join(folder, 'snug.log'));
    log.write('start', { door: 'browser', none: undefined, nothing: null });
    log.write('odd', { text: 'two\nlines', empty: '' });
    expect(read(folder)).toMatch(
      /^\d{4}-\S+Z start door=browser nothing=null\n\d{4}-\S+Z odd text="two lines" empty=""\n$/,
    );
  });

  it('shows characters that would act on the terminal of whoever reads it, and cuts what is long', () => {
    const folder = temporaryFolder();
    const log = new LogFile(join(folder, 'snug.log'));
    log.write('odd', { name: '\x1b]0;OWNED\x07\x9b2J\u202e', long: 'x'.repeat(1e6) });
    const line = read(folder);
    expect(line).toContain('name=\\u001b]0;OWNED\\u0007\\u009b2J\\u202e ');
    expect(line.length).toBeLessThan(3000);
  });

  it('keeps three files, the newest lines in the first', () => {
    const folder = temporaryFolder();
    const log = new LogFile(join(folder, 'snug.log'), 200);
    for (let i = 0; i < 40; i++) log.write('event', { i });
    expect(readdirSync(folder).sort()).toEqual(['snug.1.log', 'snug.2.log', 'snug.log']);
    const files = ['snug.2.log', 'snug.1.log', 'snug.log'].map((name) => read(folder, name));
    for (const file of files) expect(Buffer.byteLength(file)).toBeLessThanOrEqual(200);
    const numbers = [...files.join('').matchAll(/ i=(\d+)$/gm)].map(([, i]) => Number(i));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 40 - numbers.length + i));
    expect(numbers.length).toBeGreaterThan(8);
  });

  it('that cannot be written stops nothing', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'logs'), 'a file');
    const log = new LogFile(join(folder, 'logs', 'snug.log'));
    expect(() => log.write('start')).not.toThrow();
    mkdirSync(join(folder, 'snug.log'));
    expect(() => new LogFile(join(folder, 'snug.log')).write('start')).not.toThrow();
  });
});

describe('a bug in the log', () => {
  it('says where it is, with file names alone and without its message', () => {
    const folder = temporaryFolder();
    const log = new LogFile(join(folder, 'snug.log'));
    logBug(log, 'chat.send', new TypeError('cannot read /home/person/secret.gguf'));
    logBug(log, 'chat.send', new SnugError('DISK_FULL', 'known, and told to the person'));
    const lines = read(folder).trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/ bug where=chat\.send name=TypeError at=".*log-file\.test\.ts:\d+:\d+/);
    expect(lines[0]).not.toContain('secret');
    expect(lines[0]).not.toContain(import.meta.dirname);
  });

  it('shortens paths of every system', () => {
    const error = new Error('x');
    error.stack = [
      'Error: x',
      '    at ask (/home/a person/snug/src-main/chat.ts:3:4)',
      '    at file:///C:/Users/a/snug/main.ts:1:2',
      '    at new Chat (C:\\Users\\a\\chat.ts:5:6)',
      '    at node:internal/timers:1:1',
    ].join('\n');
    expect(framesOf(error)).toBe(
      'ask (chat.ts:3:4) < main.ts:1:2 < new Chat (chat.ts:5:6) < node:internal/timers:1:1',
    );
    expect(framesOf('thrown text')).toBe('');
  });
});

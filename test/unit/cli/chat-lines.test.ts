import { describe, expect, it } from 'vitest';
import { CHAT_HELP, readChatLine } from '../../../src-main/cli/chat-lines.ts';

const photo = '/home/me/photo.jpg';
const read = (line: string) => readChatLine(line, (path) => path === photo);

describe('a line of a chat in the terminal', () => {
  it.each([
    ['What is this?', { kind: 'question', text: 'What is this?' }],
    ['  spaces around  ', { kind: 'question', text: 'spaces around' }],
    ['', { kind: 'nothing' }],
    ['/help', { kind: 'help' }],
    ['/HELP', { kind: 'help' }],
    ['/quit', { kind: 'quit' }],
    ['/exit', { kind: 'quit' }],
    [`/image ${photo}`, { kind: 'pictures', paths: [photo] }],
    ['/image', { kind: 'help' }],
    ['/imgae x.png', { kind: 'unknown', command: '/imgae' }],
    ['/', { kind: 'unknown', command: '/' }],
    ['//help', { kind: 'question', text: '/help' }],
    ['//etc/hosts, what is it?', { kind: 'question', text: '/etc/hosts, what is it?' }],
    ['/etc/hosts, what is it?', { kind: 'question', text: '/etc/hosts, what is it?' }],
    ['either/or', { kind: 'question', text: 'either/or' }],
  ])('%j', (line, meant) => {
    expect(read(line)).toEqual(meant);
  });

  it.each([photo, `"${photo}"`, `'${photo}' `])('%s that was dragged in is a picture', (line) => {
    expect(read(line)).toEqual({ kind: 'pictures', paths: [photo] });
  });

  it('has every command in its help', () => {
    for (const command of ['/image', '/help', '/quit', '//']) {
      expect(CHAT_HELP.some((line) => line.startsWith(command))).toBe(true);
    }
  });
});

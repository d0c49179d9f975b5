import { describe, expect, it } from 'vitest';
import { SnugError } from '../../../src-main/contract/errors.ts';
import { CHAT_HELP, readChatLine, withoutBroken } from '../../../src-main/cli/chat-lines.ts';

const photo = '/home/me/photo.jpg';
const spaced = '/home/me/my cats/a b.JPG';
const files = [photo, spaced, '/etc/hosts', '/home/me'];
const surroundings = { windows: false, home: '/home/me', exists: (path: string) => files.includes(path) };
const read = (line: string) => readChatLine(line, surroundings);
const question = (text: string, ...paths: string[]) => ({ kind: 'question', text, paths });

describe('a line of a chat in the terminal', () => {
  it.each([
    ['What is this?', question('What is this?')],
    ['  spaces around  ', question('spaces around')],
    ['', { kind: 'nothing' }],
    ['/help', { kind: 'help' }],
    ['/HELP', { kind: 'help' }],
    ['/drop', { kind: 'drop' }],
    ['/quit', { kind: 'quit' }],
    ['/exit', { kind: 'quit' }],
    [`/image ${photo}`, { kind: 'pictures', paths: [photo] }],
    ['/image', { kind: 'help' }],
    ['/imgae x.png', { kind: 'unknown', command: '/imgae' }],
    ['/', { kind: 'unknown', command: '/' }],
    ['//help', question('/help')],
    ['//etc/hosts, what is it?', question('/etc/hosts, what is it?')],
    ['/etc/hosts, what is it?', question('/etc/hosts, what is it?')],
    ['either/or', question('either/or')],
    ['/etc/hosts what is it?', question('/etc/hosts what is it?')],
    ['~ is a tilde', question('~ is a tilde')],
    ["'twas a photo", question("'twas a photo")],
    [`${photo} What is this?`, question('What is this?', photo)],
    [`What is this? '${photo}' `, question('What is this?', photo)],
    [`"${spaced}" ${photo}  Which  is larger?`, question('Which  is larger?', spaced, photo)],
    ['Is /home/me/my\\ cats/a\\ b.JPG', question('Is', spaced)],
    [`What of file://${photo}`, question('What of', photo)],
    [`Does ${photo} exist?`, question(`Does ${photo} exist?`)],
    ['~/photo.jpg and?', question('and?', photo)],
  ])('%j', (line, meant) => {
    expect(read(line)).toEqual(meant);
  });

  it.each([photo, `"${photo}"`, `'${photo}' `, '~/photo.jpg'])(
    '%s that was dragged in is a picture',
    (line) => {
      expect(read(line)).toEqual({ kind: 'pictures', paths: [photo] });
    },
  );

  it('has every command in its help', () => {
    for (const command of ['/image', '/drop', '/help', '/quit', '//']) {
      expect(CHAT_HELP.some((line) => line.startsWith(command))).toBe(true);
    }
  });
});

describe('the pictures of a question that failed', () => {
  const pictures = ['/a/cut.jpg', '/a/good.jpg', '/a/locked.pdf#page=2'];

  it.each([
    ['BAD_PICTURE', '/a/cut.jpg', pictures.slice(1)],
    ['BAD_PICTURE', '/a/locked.pdf', pictures.slice(0, 2)],
    ['FILE', '/a/good.jpg', ['/a/cut.jpg', '/a/locked.pdf#page=2']],
    ['FILE', '/a', pictures],
    ['CONTEXT_FULL', '/a/cut.jpg', pictures],
  ] as const)('%s of %s', (code, path, left) => {
    expect(withoutBroken(pictures, new SnugError(code, 'it cannot be used', { path }))).toEqual(left);
  });
});

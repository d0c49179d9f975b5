import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../src-main/prompt/turns.ts';
import { toTurns, withoutSystem, type Turn } from '../../../src-main/prompt/turns.ts';

const user = (text: string, pictures = 0): ChatMessage => ({ role: 'user', text, pictures });
const assistant = (text: string): ChatMessage => ({ role: 'assistant', text });
const system = (text: string): ChatMessage => ({ role: 'system', text });

/** "U" for a question, "A" for an answer, "S" for a system prompt; pictures are "▢". */
const written = (turns: readonly Turn[]) =>
  turns.map(
    ({ role, parts }) =>
      `${role.charAt(0).toUpperCase()}:${parts.map((part) => (part.kind === 'text' ? part.text : '▢')).join('')}`,
  );

describe('a conversation by turns', () => {
  it.each<[string, ChatMessage[], string[]]>([
    [
      'is left as it is',
      [system('s'), user('q'), assistant('a'), user('r', 1)],
      ['S:s', 'U:q', 'A:a', 'U:▢r'],
    ],
    ['joins questions whose answer failed', [user('q'), assistant(''), user('r')], ['U:q\n\nr']],
    ['joins them with their pictures', [user('q', 2), user('r', 1), user('', 1)], ['U:▢▢q\n\n▢r\n\n▢']],
    ['joins a picture without words', [user('', 1), user('r')], ['U:▢r']],
    ['joins answers', [user('q'), assistant('a'), assistant('b')], ['U:q', 'A:a\n\nb']],
    ['leaves out an answer of white space', [user('q'), assistant(' \n'), user('r')], ['U:q\n\nr']],
    ['does not begin with an answer', [system('s'), assistant('a'), user('q')], ['S:s', 'U:q']],
    ['has one system prompt, at its start', [user('q'), system('s'), system('t')], ['S:s\n\nt', 'U:q']],
    ['has none that is empty', [system(''), user('q')], ['U:q']],
    [
      'leaves out what the model thought',
      [user('q'), assistant('<think>\nhm\n</think>\n\nYes.'), user('r')],
      ['U:q', 'A:Yes.', 'U:r'],
    ],
    [
      'leaves out an answer that was only thought of',
      [user('q'), assistant('<think>hm'), user('r')],
      ['U:q\n\nr'],
    ],
    ['keeps a question about thoughts', [user('<think>what?</think>')], ['U:<think>what?</think>']],
  ])('%s', (_, messages, expected) => expect(written(toTurns(messages))).toEqual(expected));

  it.each<[string, ChatMessage[], string[]]>([
    ['before the first question', [system('s'), user('q', 1), assistant('a')], ['U:s\n\n▢q', 'A:a']],
    ['alone', [system('s')], ['U:s']],
    ['not at all', [user('q')], ['U:q']],
    ['of nothing', [], []],
  ])('without a system role has its prompt %s', (_, messages, expected) =>
    expect(written(withoutSystem(toTurns(messages)))).toEqual(expected),
  );
});

import { expect, it } from 'vitest';
import type { Conversation, Message } from '../../../src-main/contract/conversation.ts';
import { toMarkdown } from '../../../src-main/services/export-markdown.ts';

const message = (role: Message['role'], text: string, state: Message['state'] = 'done') =>
  ({ role, text, state, pictures: [], modelName: 'Demo' }) as unknown as Message;

it('a conversation as a document folds thoughts, and leaves a person’s words alone', () => {
  const thread = [
    message('user', '<think>what</think> is it?'),
    message('assistant', '<think>\nhm\n</think>\n\nA circle.'),
    message('user', 'Sure?'),
    message('assistant', '<think>yes', 'stopped'),
  ];
  expect(toMarkdown({ title: 'Shapes', thread } as unknown as Conversation)).toBe(
    [
      '# Shapes',
      '## You',
      '<think>what</think> is it?',
      '## Demo',
      '<details><summary>Thinking</summary>',
      'hm',
      '</details>',
      'A circle.',
      '## You',
      'Sure?',
      '## Demo',
      '<details><summary>Thinking</summary>',
      'yes',
      '</details>',
      '*(stopped)*',
    ].join('\n\n') + '\n',
  );
});

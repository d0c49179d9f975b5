import type { Conversation, Message } from '../contract/conversation.ts';
import { splitThoughts } from '../contract/thoughts.ts';

const ENDINGS: Partial<Record<Message['state'], string>> = {
  stopped: 'stopped',
  length: 'reached the length limit',
  cut: 'cut off: Snug closed before the answer was complete',
  failed: 'failed',
};

/** A conversation as a document; pictures are named, not embedded. */
export function toMarkdown({ title, thread }: Conversation): string {
  return [`# ${title}`, ...thread.map(part)].join('\n\n') + '\n';
}

function part({ role, text, pictures, modelName, state }: Message): string {
  const who = role === 'user' ? 'You' : (modelName ?? 'Model');
  const shown = pictures.map(({ name, width, height }) => `*Picture: ${name} (${width} × ${height})*`);
  const ending = ENDINGS[state];
  const { thoughts, answer } = role === 'user' ? { thoughts: '', answer: text } : splitThoughts(text);
  const folded = thoughts === '' ? '' : `<details><summary>Thinking</summary>\n\n${thoughts}\n\n</details>`;
  return [`## ${who}`, ...shown, folded, answer, ...(ending === undefined ? [] : [`*(${ending})*`])]
    .filter((line) => line !== '')
    .join('\n\n');
}

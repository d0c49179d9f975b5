import { randomUUID } from 'node:crypto';
import type { Message } from '../contract/conversation.ts';

/** Messages that are to take another's place: the store gets them with the answer's first word. */

export function replacingQuestion(
  old: Message,
  changed: Pick<Message, 'text' | 'pictures'>,
): Message & { readonly pending: true } {
  return {
    ...old,
    ...changed,
    id: randomUUID(),
    createdAt: new Date().toISOString(),
    replaces: old.id,
    pending: true,
  };
}

export function replacingAnswer(
  replaces: string,
  by: Pick<Message, 'conversationId' | 'modelId' | 'modelName'>,
): Message {
  return {
    ...by,
    id: randomUUID(),
    role: 'assistant',
    text: '',
    pictures: [],
    state: 'streaming',
    error: null,
    statistics: null,
    notes: [],
    createdAt: new Date().toISOString(),
    replaces,
  };
}

import type { Message } from '../../src-main/contract/conversation.ts';

/** A thread with a message in it: in the place of the one with its id, else at the end. */
export function withMessage(thread: readonly Message[], message: Message): readonly Message[] {
  // what changes is nearly always the last one
  const index = thread.findLastIndex((one) => one.id === message.id);
  return index < 0 ? [...thread, message] : thread.with(index, message);
}

/**
 * A thread after an answer to "edit" or "regenerate": what stood from `fromId` on is replaced. Of the messages that arrived as
 * events before the reply did, the events' versions are the newer ones.
 */
export function withTail(
  thread: readonly Message[],
  fromId: string,
  tail: readonly Message[],
  heard: ReadonlyMap<string, Message>,
): readonly Message[] {
  const ids = new Set(tail.map((message) => message.id));
  const index = thread.findIndex((message) => message.id === fromId || ids.has(message.id));
  const before = index < 0 ? thread : thread.slice(0, index);
  return [...before, ...tail.map((message) => heard.get(message.id) ?? message)];
}

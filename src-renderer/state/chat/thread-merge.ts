import type { Message } from '../../../src-main/contract/conversation.ts';

/** Whether a message has its place in the store, or waits for its answer's first word to take another's. */
export function hasBegun({ role, text, replaces, pending }: Message): boolean {
  if (replaces === undefined) return true;
  return role === 'user' ? pending !== true : text.trim() !== '';
}

/** Whether an answer that was to take another's place ended without a word: that one stays. */
export function neverBegan(message: Message): boolean {
  return !hasBegun(message) && message.role === 'assistant' && message.state !== 'streaming';
}

/**
 * A thread with a message that was told of: in the place of the one with its id, else at the end. One that has begun to take
 * another's place ends what stood from there on; one that never will is left out.
 */
export function withMessage(thread: readonly Message[], message: Message): readonly Message[] {
  if (neverBegan(message)) return thread.filter(({ replaces }) => replaces !== message.replaces);
  const kept = hasBegun(message) ? withoutReplaced(thread, message) : thread;
  // what changes is nearly always the last one
  const index = kept.findLastIndex((one) => one.id === message.id);
  return index < 0 ? [...kept, message] : kept.with(index, message);
}

function withoutReplaced(thread: readonly Message[], { replaces }: Message): readonly Message[] {
  const from = replaces === undefined ? -1 : thread.findIndex(({ id }) => id === replaces);
  if (from < 0) return thread;
  return thread.filter((one, index) => index < from || one.replaces === replaces);
}

/**
 * A thread with the question and answer that a call replied with. Of the messages that arrived as events before the reply did, the
 * events' versions are the newer ones.
 */
export function withTail(
  thread: readonly Message[],
  tail: readonly Message[],
  heard: ReadonlyMap<string, Message>,
): readonly Message[] {
  const added = tail.filter(({ id }) => !thread.some((one) => one.id === id));
  return [...heard.values()].reduce(withMessage, [...thread, ...added]);
}

import type { ConversationSummary } from '../../src-main/contract/conversation.ts';

const NEW_TITLE = 'New chat';

export function titleOf(conversation: Pick<ConversationSummary, 'title'>): string {
  return conversation.title.trim() || NEW_TITLE;
}

/** Whether neither a person nor a question has named it yet. */
export function isUnnamed(conversation: Pick<ConversationSummary, 'title'>): boolean {
  return titleOf(conversation) === NEW_TITLE;
}

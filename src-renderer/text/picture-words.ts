import { counted } from '../../src-main/contract/counted.ts';
import type { PictureCost } from '../../src-main/contract/conversation.ts';
import { formatCount, formatSeconds } from './format.ts';

/** `2,961 tokens, about 1 min`: what another detail of the pictures would cost. */
export function detailWords({ tokens, seconds }: PictureCost): string {
  const words = counted(tokens, 'token');
  return seconds === null ? words : `${words}, about ${formatSeconds(seconds)}`;
}

/** Said where a question leaves no room for all that was said before. */
export function droppedWords(messages: number): string {
  return messages === 1
    ? 'The model will no longer see the oldest message.'
    : `The model will no longer see the oldest ${formatCount(messages)} messages.`;
}

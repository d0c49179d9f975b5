import type { ChatActivity, SideBySideAnswer, Message } from '../../src-main/contract/conversation.ts';
import type { ErrorWords } from '../../src-main/contract/errors.ts';
import { splitThoughts } from '../../src-main/contract/thoughts.ts';
import { formatPercent, formatRate } from './format.ts';

/** Longest part of an answer that is read aloud unasked; the rest is in the thread. */
const SPOKEN_LETTERS = 600;

/** A text without the signs of Markdown, which say nothing aloud. */
export function spokenText(text: string): string {
  return text
    .replaceAll(/!?\[([^\]\n]*)\]\([^)\s]*\)/g, '$1')
    .replaceAll(/^[\s|:-]*\|[\s|:-]*$/gm, ' ')
    .replaceAll(/[`*_#>|~]+/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** What is said once an answer has ended. */
export function announcementOf(message: Message): string {
  if (message.state === 'failed')
    return `The answer failed: ${message.error?.message ?? 'no reason is known'}`;
  const { answer } = splitThoughts(message.text);
  const spoken = spokenText(answer.slice(0, SPOKEN_LETTERS));
  const text = answer.length > SPOKEN_LETTERS ? `${spoken} …` : spoken;
  if (message.state === 'stopped') return `Stopped. ${text}`;
  return `Answer: ${text}`;
}

/** What is said where an answer that was to take another's place ended without a word. */
export function keptWords({ error }: Message): ErrorWords {
  const { advice, ...known }: ErrorWords = error ?? { message: 'the model gave an empty answer' };
  return { ...known, advice: ['The earlier answer was kept.', advice].filter(Boolean).join(' ') };
}

/** What is being waited for, in plain words. */
export function activityWords(activity: ChatActivity | null, pictures: number): string {
  const share =
    activity?.share === null || activity?.share === undefined ? '' : ` · ${formatPercent(activity.share)}`;
  switch (activity?.stage) {
    case 'loading':
      return `Loading the model${share}`;
    case 'encoding':
      return `Looking at the ${pictures > 1 ? 'pictures' : 'picture'}${share}`;
    case 'reading':
      return `Reading${share}`;
    case 'answering':
      return 'Answering';
    default:
      return 'Getting ready';
  }
}

const STAGES = ['loading', 'encoding', 'reading', 'answering'] as const;
const STAGE_NAMES: Readonly<Record<(typeof STAGES)[number], string>> = {
  loading: 'Load',
  encoding: 'Look',
  reading: 'Read',
  answering: 'Answer',
};

/** The steps to an answer with where it stands; without pictures there is nothing to look at. */
export function stageSteps(
  activity: ChatActivity | null,
  pictures: number,
): readonly { readonly name: string; readonly state: 'past' | 'now' | 'to come' }[] {
  const stages = STAGES.filter(
    (stage) => stage !== 'encoding' || pictures > 0 || activity?.stage === 'encoding',
  );
  const now = stages.findIndex((stage) => stage === activity?.stage);
  return stages.map((stage, index) => ({
    name: STAGE_NAMES[stage],
    state: index < now ? 'past' : index === now ? 'now' : 'to come',
  }));
}

/** Why an answer is not whole; null when it is. */
export function endWords(message: Message): string | null {
  switch (message.state) {
    case 'cut':
      return 'Snug closed before the answer was complete. The part that arrived is kept.';
    case 'stopped':
      return 'You stopped this answer.';
    case 'length':
      return 'The answer reached the length limit.';
    default:
      return null;
  }
}

/** What is said of one of two answers side by side besides its text; null when that says it all. */
export function sideBySideWords({ stage, text }: Pick<SideBySideAnswer, 'stage' | 'text'>): string | null {
  switch (stage) {
    case 'waiting':
      return 'Waiting for the other model';
    case 'loading':
      return 'Loading the model';
    case 'reading':
      return 'Reading';
    case 'answering':
      return 'Answering';
    case 'stopped':
      return text === '' ? 'Stopped before it answered.' : 'You stopped this answer.';
    case 'done':
      return text === '' ? 'The model gave an empty answer.' : null;
  }
}

/** `7.1 tokens/s`; null where nothing was measured. */
export function speedWords(message: Pick<Message, 'statistics'>): string | null {
  const statistics = message.statistics;
  if (!statistics || statistics.answerSeconds <= 0 || statistics.answerTokens < 1) return null;
  return `${formatRate(statistics.answerTokens / statistics.answerSeconds)} tokens/s`;
}

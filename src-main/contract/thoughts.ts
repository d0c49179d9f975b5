/** What a model thought aloud before it answered, and its answer. */
export interface SplitAnswer {
  readonly thoughts: string;
  readonly answer: string;
  /** the thoughts have not come to their end */
  readonly thinking: boolean;
}

/** What models write before and after their thoughts. */
const BRACKETS = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['[THINK]', '[/THINK]'],
  ['◁think▷', '◁/think▷'],
] as const;

/** Thoughts stand at the start of an answer; the same brackets further on are words about them. */
export function splitThoughts(text: string): SplitAnswer {
  const said = text.trimStart();
  const [opening, closing] = BRACKETS.find(([bracket]) => said.startsWith(bracket)) ?? [];
  if (opening === undefined || closing === undefined) return { thoughts: '', answer: text, thinking: false };
  const rest = said.slice(opening.length);
  const end = rest.indexOf(closing);
  if (end < 0) return { thoughts: rest.trim(), answer: '', thinking: true };
  return {
    thoughts: rest.slice(0, end).trim(),
    answer: rest.slice(end + closing.length).trimStart(),
    thinking: false,
  };
}

/** The bracket that a prompt ends with, for an answer that goes on with its thoughts; '' where it doesn't. */
export function openedThoughts(prompt: string): string {
  const end = prompt.trimEnd();
  const opening = BRACKETS.find(([bracket]) => end.endsWith(bracket))?.[0];
  return opening === undefined ? '' : `${opening}\n`;
}

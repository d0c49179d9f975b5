import { splitThoughts } from '../contract/thoughts.ts';

/** A message with its pictures before its text, as vision models are trained. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  /** how many pictures the message carries */
  readonly pictures?: number;
}

type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'picture' };

export interface Turn {
  readonly role: ChatMessage['role'];
  readonly parts: readonly Part[];
}

/** Between what one side said in two messages. */
const PARAGRAPH = '\n\n';

/**
 * A conversation as templates expect it: a system prompt, then questions and answers by turns. Answers without a word are left out
 * (one that failed, or was stopped before its first), neighbours of one side become one turn, and of earlier answers
 * the thoughts are left out, as the models' own templates do.
 */
export function toTurns(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of [...ofSystem(messages), ...messages.filter(({ role }) => role !== 'system')]) {
    const said = spoken(message);
    const last = turns.at(-1);
    if (message.role === 'assistant' && said.every((part) => part.kind === 'text' && part.text.trim() === ''))
      continue;
    // what is asked first may have been cut off
    if (message.role === 'assistant' && last?.role !== 'user' && last?.role !== 'assistant') continue;
    if (last?.role === message.role) turns[turns.length - 1] = joined(last, said);
    else turns.push({ role: message.role, parts: said });
  }
  return turns;
}

/** The system prompt before the first question, for templates that know no system. */
export function withoutSystem([first, second, ...rest]: readonly Turn[]): Turn[] {
  if (first?.role !== 'system') return [first, second, ...rest].filter((turn) => turn !== undefined);
  if (second?.role !== 'user') return [{ ...first, role: 'user' }, ...(second ? [second] : []), ...rest];
  return [{ role: 'user', parts: joined(first, second.parts).parts }, ...rest];
}

function ofSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const prompts = messages.filter(({ role, text }) => role === 'system' && text !== '');
  return prompts.length === 0
    ? []
    : [{ role: 'system', text: prompts.map(({ text }) => text).join(PARAGRAPH) }];
}

function spoken({ role, text, pictures = 0 }: ChatMessage): Part[] {
  const words = role === 'assistant' ? splitThoughts(text).answer : text;
  const seen = Array.from({ length: pictures }, (): Part => ({ kind: 'picture' }));
  return words === '' && pictures > 0 ? seen : [...seen, { kind: 'text', text: words }];
}

function joined(turn: Turn, more: readonly Part[]): Turn {
  const [next, ...others] = more;
  const before = turn.parts.slice(0, -1);
  const last = turn.parts.at(-1);
  if (last?.kind !== 'text') return { ...turn, parts: [...turn.parts, ...more] };
  if (next?.kind !== 'text') {
    return { ...turn, parts: [...before, { kind: 'text', text: last.text + PARAGRAPH }, ...more] };
  }
  const text = last.text + PARAGRAPH + next.text;
  return { ...turn, parts: [...before, { kind: 'text', text }, ...others] };
}

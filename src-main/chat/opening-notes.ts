import { counted } from '../contract/counted.ts';

/** Said where a model was trained for a shorter context than was asked for; undefined where it has what was asked. */
export function shorterContextNote(asked: number | undefined, given: number): string | undefined {
  if (asked === undefined || asked <= given) return undefined;
  return `this model was trained for a context of ${counted(given, 'token')}, so that is what it gets instead of ${asked.toLocaleString('en')}`;
}

/** Said where more threads were asked for than can run at once. */
export function fewerThreadsNote(asked: number | undefined, given: number): string | undefined {
  if (asked === undefined || asked <= given) return undefined;
  return `this laptop runs ${counted(given, 'thread')} at once, so ${given === 1 ? 'one is' : 'that many are'} used instead of ${asked.toLocaleString('en')}`;
}

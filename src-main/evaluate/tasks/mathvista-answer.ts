import { decimal, roundHalfEven } from './decimal.ts';
import { editDistance } from './edit-distance.ts';
import { choicesOf, inferOption } from './option.ts';

export interface MathVistaGold {
  readonly answer: string;
  readonly answerType: 'text' | 'integer' | 'float' | 'list';
  /** of a multiple choice; undefined for a free answer */
  readonly choices: readonly string[] | undefined;
  /** digits after the point of a float */
  readonly precision: number;
}

/**
 * Whether a response gives the gold answer. What the owner has an LLM extract from the response (extract_answer.py) is
 * found by rule; then it is normalized as in normalize_extracted_answer of calculate_score.py and compared.
 */
export function isMathVistaAnswer(response: string, gold: MathVistaGold): boolean {
  if (gold.choices !== undefined) return choose(response, gold.choices) === gold.answer;
  switch (gold.answerType) {
    case 'integer': {
      const value = numberIn(response);
      return value !== undefined && Math.trunc(value) === decimal(gold.answer);
    }
    case 'float': {
      const value = numberIn(response);
      return value !== undefined && roundHalfEven(value, gold.precision) === decimal(gold.answer);
    }
    case 'list':
      return items(response) !== undefined && items(response) === items(gold.answer);
    case 'text':
      return (conclusion(response) ?? response) === gold.answer;
  }
}

/** What stands after the last "answer is" or "answer:"; undefined where the response draws no such conclusion. */
function conclusion(response: string): string | undefined {
  // the owner's own quick_extract
  const quoted = /The answer is "(.*)"\./.exec(response)?.[1];
  const parts = response.split(/answer(?:\s+is\s*:?|\s*:)/i);
  return quoted ?? (parts.length > 1 ? parts.at(-1)?.trim() : undefined);
}

/** The choice meant; where the rules find none, the one nearest to what is said, as the owner's get_most_similar. */
function choose(response: string, choices: readonly string[]): string | undefined {
  const concluded = conclusion(response);
  const said = concluded ?? response;
  const exact = [response, said, said.replace(/\.$/, '')].find((text) => choices.includes(text));
  if (exact !== undefined) return exact;
  const lettered = choicesOf(choices);
  const lead = concluded === undefined ? undefined : /^\W*([A-Z])\b/.exec(concluded)?.[1];
  const bracketed = [...said.matchAll(/\(([a-zA-Z])\)/g)].at(-1)?.[1]?.toUpperCase();
  const letter = [lead, inferOption(said, lettered), bracketed].find(
    (found) => found !== undefined && lettered.has(found),
  );
  if (letter !== undefined) return lettered.get(letter);
  const distances = choices.map((choice) => ({ choice, distance: editDistance(said, choice) }));
  // of equally near ones the first, as sorting keeps their order
  return distances.sort((a, b) => a.distance - b.distance)[0]?.choice;
}

/** -1,234.5 is one number; the 2 of B2 or of x2 is none. */
const NUMBERS = /(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)?(?:\.\d+|(?<=\d))/g;

/** The response if it is a number, else the first one of its conclusion, else the last one. */
function numberIn(response: string): number | undefined {
  const whole = decimal(response);
  if (whole !== undefined) return whole;
  const found = conclusion(response)?.match(NUMBERS)?.[0] ?? response.match(NUMBERS)?.at(-1);
  return found === undefined ? undefined : decimal(found.replaceAll(',', ''));
}

/** The items of the last [bracketed, list], written alike. */
function items(text: string): string | undefined {
  const list = [...text.matchAll(/\[([^[\]]*)\]/g)].at(-1)?.[1];
  return list
    ?.split(',')
    .map((item) => item.trim().replace(/^(['"])(.*)\1$/, '$2'))
    .join(', ');
}

/** Choices by their letter, A first. */
export type Choices = ReadonlyMap<string, string>;

export function choicesOf(texts: readonly string[]): Choices {
  return new Map(texts.map((text, i) => [String.fromCharCode(65 + i), text]));
}

/** Answers that are none: reject_to_answer of VLMEvalKit's matching_util.py. */
const REFUSALS = [
  "Sorry, I can't help with images of people yet.",
  "I can't process this file.",
  "I'm sorry, but without the image provided",
  'Cannot determine the answer',
];
/** A letter further from the end than this is taken for a word ("A dog is …"): can_infer_option of matching_util.py. */
const LAST_WORDS = 4;

/**
 * The letter of the choice that an answer means, undefined where the rules find none. The rules are those of VLMEvalKit's
 * vlmeval/utils/matching_util.py (can_infer): one single letter that stands alone among the last words, else a letter
 * after "answer is", else the text of exactly one choice. What they do not find, VLMEvalKit asks a GPT for.
 */
export function inferOption(answer: string, choices: Choices): string | undefined {
  if (REFUSALS.some((refusal) => answer.includes(refusal))) return undefined;
  return letterAlone(answer, choices) ?? letterAfterIs(answer, choices) ?? choiceNamed(answer, choices);
}

function letterAlone(answer: string, choices: Choices): string | undefined {
  const words = answer.split(/[\s.()[\],:;!*#{}]+/).filter((word) => word !== '');
  const letters = [...choices.keys()].filter((letter) => words.includes(letter));
  const [letter] = letters;
  if (letter === undefined || letters.length > 1) return undefined;
  return words.indexOf(letter) >= words.length - LAST_WORDS ? letter : undefined;
}

function letterAfterIs(answer: string, choices: Choices): string | undefined {
  // matching_util.py takes the first letter of any word in any case: here "is between" names no B and "is a dog" no A
  const letter = /[Aa]nswer\s+is:?\s+\**\(?([A-Z])\b/.exec(answer)?.[1];
  return letter !== undefined && choices.has(letter) ? letter : undefined;
}

function choiceNamed(answer: string, choices: Choices): string | undefined {
  const said = answer.toLowerCase();
  const length = [...choices.values()].reduce((sum, text) => sum + text.length, 0);
  // an answer that goes on for longer than all choices together discusses them rather than naming one
  if (said.length > 2 * length) return undefined;
  const named = [...choices].filter(([, text]) => said.includes(text.toLowerCase()));
  return named.length === 1 ? named[0]?.[0] : undefined;
}

/**
 * How answers are made alike before they are compared in VQAv2 and TextVQA: processPunctuation and processDigitArticle of
 * the VQA evaluation (GT-Vision-Lab/VQA, PythonEvaluationTools/vqaEvaluation/vqaEval.py), and EvalAIAnswerProcessor of
 * facebookresearch/mmf, which TextVQA is scored with.
 */

const NUMBER_WORDS = new Map(
  ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map((word, i) => [
    word,
    String(i),
  ]),
).set('none', '0');
const ARTICLES = new Set(['a', 'an', 'the']);
const PUNCTUATION = [...';/[]"{}()=+\\_-><@`,?!'];

/** The contractions that the evaluation restores when an apostrophe is left out; not every one of English is among them. */
const CONTRACTIONS = `
  ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've he's
  how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've o'clock
  oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd
  someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've there're there's
  they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd
  where's where've who'd who'd've who'll who's who've why'll why're why's won't would've wouldn't wouldn't've y'all
  y'all'll y'all'd've you'd you'd've you'll you're you've`;

/** word without one of its apostrophes → word; vqaEval.py lists the same pairs one by one */
const RESTORED = new Map(
  CONTRACTIONS.trim()
    .split(/\s+/)
    .flatMap((word) =>
      [...word.matchAll(/'/g)].map(
        ({ index }) => [word.slice(0, index) + word.slice(index + 1), word] as const,
      ),
    ),
)
  // the list has this one the other way round
  .set("somebody'd", 'somebodyd');

/** re.sub is given re.UNICODE where its count belongs: no more than 32 periods are taken out of an answer. */
const MOST_PERIODS = 32;

function processPunctuation(text: string): string {
  // with a number like 1,000 in it, all punctuation goes without leaving a space
  const hasThousands = /\p{Nd},\p{Nd}/u.test(text);
  let processed = text;
  for (const mark of PUNCTUATION) {
    const besideSpace = text.includes(`${mark} `) || text.includes(` ${mark}`);
    processed = processed.replaceAll(mark, besideSpace || hasThousands ? '' : ' ');
  }
  let taken = 0;
  // a decimal point stays; (?!<=\d) in the original is a mistyped lookbehind and holds always
  return processed.replace(/\.(?!\p{Nd})/gu, (period) => (taken++ < MOST_PERIODS ? '' : period));
}

function processDigitArticle(text: string): string {
  return text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => NUMBER_WORDS.get(word) ?? word)
    .filter((word) => word !== '' && !ARTICLES.has(word))
    .map((word) => RESTORED.get(word) ?? word)
    .join(' ');
}

/** An answer as VQAv2 compares it. */
export function vqaAnswer(answer: string): string {
  return processDigitArticle(processPunctuation(answer.replace(/[\n\t]/g, ' ').trim()));
}

/** An answer as TextVQA compares it: commas, question marks and the 's of a word are dealt with first (word_tokenize). */
export function evalAiAnswer(answer: string): string {
  const words = answer.toLowerCase().replaceAll(/[,?]/g, '').replaceAll("'s", " 's");
  return vqaAnswer(words);
}

/** So many of the other annotators have to agree with an answer for it to be wholly right. */
const AGREEING = 3;

/**
 * VQA accuracy (Antol et al. 2015): min(1, matches / 3), averaged over the subsets of annotators that leave one out. With
 * ten annotators, 1, 2, 3 and 4 matches are 0.3, 0.6, 0.9 and 1.
 * @param golds the annotators' answers, processed as the answer is
 */
export function vqaAccuracy(answer: string, golds: readonly string[]): number {
  const matches = golds.filter((gold) => gold === answer).length;
  const sum = golds.reduce(
    (all, gold) => all + Math.min(1, (matches - (gold === answer ? 1 : 0)) / AGREEING),
    0,
  );
  return golds.length === 0 ? 0 : sum / golds.length;
}

import type { Message } from '../contract/conversation.ts';

const TITLE_LETTERS = 60;
/** What cameras, screenshots and clipboards call a file: it says nothing of what is on it. */
const SAYS_NOTHING =
  /^(?:image|img|picture|photo|pic|bild|foto|screenshot|screen shot|scan|camera|clipboard|unnamed|untitled|download|pxl|dsc[nf]?|p|whatsapp image|signal)?[\s_.()-]*(?:at|am|um|from)?[\d\s_.,()apmT-]*$/i;

/** What a conversation is called after its first question; undefined where neither words nor a picture's name say anything. */
export function titleOfQuestion({ text, pictures }: Pick<Message, 'text' | 'pictures'>): string | undefined {
  const words = shortened(text);
  if (words !== '') return words;
  const name = pictures.map((picture) => stemOf(picture.name)).find((stem) => !SAYS_NOTHING.test(stem));
  return name === undefined ? undefined : shortened(name.replaceAll(/[_\s]+/g, ' '));
}

/** What it is called after its first answer, where the question gave no title: the first sentence, without the signs of Markdown. */
export function titleOfAnswer(text: string): string | undefined {
  const line = text
    .split('\n')
    .map((one) => shortened(one.replaceAll(/^[\s#>*+-]+|[`*_]+/g, '')))
    .find((one) => one !== '');
  return line?.split(/(?<=\S[.!?。！？])\s/)[0];
}

function stemOf(name: string): string {
  return name.replace(/\.\w{1,5}$/, '').trim();
}

function shortened(text: string): string {
  const words = text.trim().replaceAll(/\s+/g, ' ');
  return words.length <= TITLE_LETTERS ? words : `${words.slice(0, TITLE_LETTERS - 1).trimEnd()}…`;
}

/** Units and signs that stand after a number, as formats of the window and texts of the contract write them. */
const AFTER_NUMBER = /(\d) (?=(?:%|[KMG]iB|[KMG]B|MP|tokens|[BKM]|nats?|m?s|min|h)(?!\.?[\p{L}\d]))/gu;

/** A text as lines may be broken in it: never between a number and its unit. The name of a file stays what it is. */
export function unbroken(text: string): string {
  return text.replace(AFTER_NUMBER, '$1\u00a0');
}

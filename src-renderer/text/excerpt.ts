export interface ExcerptPart {
  readonly text: string;
  readonly matched: boolean;
}

/** A search hit's excerpt in parts: what matched stands between U+0002 and U+0003. */
export function excerptParts(excerpt: string): readonly ExcerptPart[] {
  const parts: ExcerptPart[] = [];
  let matched = false;
  for (const text of excerpt.split(/([\u0002\u0003])/)) {
    if (text === '\u0002') matched = true;
    else if (text === '\u0003') matched = false;
    else if (text !== '') parts.push({ text, matched });
  }
  return parts;
}

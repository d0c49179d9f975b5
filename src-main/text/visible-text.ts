/**
 * Text of others (a name in a file, a path, a model's answer) as it may stand in a terminal or a log: characters that move the cursor,
 * colour, set titles, turn the direction of writing or take no room are shown as `\u001b` and the like. What scripts need (joiners,
 * combining marks) stays.
 */

/**
 * C0, DEL and C1; soft hyphen; marks, embeddings, overrides and isolates of direction; what has no width; line and paragraph separators;
 * annotations; tags. A tab and a line feed are left to the caller.
 */
const HIDDEN =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** As in JSON, where these escapes mean the same characters. */
function escaped(character: string): string {
  return [...character.split('')]
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** Text of one or more lines. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** Text of one line, cut where it is longer than anybody would read. */
export function visibleLine(text: string, mostCharacters = Infinity): string {
  const line = visibleText(text.length > mostCharacters ? text.slice(0, mostCharacters) : text)
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t');
  const cut = text.length - mostCharacters;
  return cut > 0 ? `${line}… (${cut} more characters)` : line;
}

/** One line of JSON: the same value to whoever parses it. */
export function visibleJson(value: unknown): string {
  return visibleText(JSON.stringify(value));
}

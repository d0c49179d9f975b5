/** What the addon tells people: texts of more than a word, those that stand side by side as one. */
export function textsOfNative(source: string): readonly string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|#).*$/gm, '');
  return [...code.matchAll(/"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*/g)]
    .map(([text]) => text.replaceAll(/"\s*"/g, '').slice(1, -1))
    .filter((text) => /\p{L}{2,}[,:;]? \p{L}/u.test(text) && !/^[\w-]+ = /.test(text));
}

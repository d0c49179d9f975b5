/** Letters that no shell of Linux, macOS or Windows makes anything of. */
const PLAIN = /^[\w./:,@+=-]+$/;
/** … and those that double quotes keep in all of them. */
const SPACED = /^[\w ./:,@+=?-]+$/;

/** A word of a command line; what is not plain is quoted as a POSIX shell takes it. */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  return SPACED.test(word) ? `"${word}"` : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** A name that needs no quotes anywhere; what other letters there are become dashes. */
export function plainName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return plain === '' ? 'model' : plain;
}

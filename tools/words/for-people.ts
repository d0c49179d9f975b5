import { literalsOf, type Literal } from './literals.ts';

/** Calls that read their text themselves: selectors, keys, patterns, names of the system. */
const READS_IT_ITSELF =
  /^(?:querySelector|querySelectorAll|matches|closest|one|all|run|runStreamed|prepare|exec|pragma|transaction|addEventListener|removeEventListener|getAttribute|setAttribute|createElement|RegExp|includes|startsWith|endsWith|indexOf|split|replace|replaceAll|createHash|update|digest|get|has|set|delete|on|once|off|emit|invoke|handle|setHeader|writeHead|Worker|test|match|pick|omit|extend|enum|literal|registerProtocol|appendSwitch)$/;
/** Properties whose value is shown also when it is a single word. */
const SHOWN =
  /^(?:title|label|text|note|hint|detail|placeholder|heading|message|advice|reason|description|body|keywords|name|value)$/;
const SQL =
  /^\s*(?:ALTER|BEGIN|COMMIT|CREATE|DELETE|DROP|INSERT|PRAGMA|ROLLBACK|SELECT|UPDATE|VACUUM|WITH)\b/;
const MARKUP = /^\s*<|xmlns|^\{…\}(?:px|%|rem)?$|^[MmLlHhVvCcZz][\d\s.{…}-]+/;
const POLICY = /-src '|^(?:same-origin|no-store|nosniff)/;
/** Chat templates, styles of figures, marks that stand for something. */
const LANGUAGE = /\{%|Ω|\{(?:fill|color|font)|:\{…\}px|@media|^(?:line|mark) \w+$/;
const WORD = /\p{L}{2,}/u;

/** Whether a person reads a text, rather than a program. */
function isForPeople({ text, call, name, internal }: Literal): boolean {
  const words = text.replaceAll('{…}', ' ');
  if (internal || READS_IT_ITSELF.test(call) || !WORD.test(words)) return false;
  if (LANGUAGE.test(text)) return false;
  if (SQL.test(text) || MARKUP.test(text) || POLICY.test(text)) return false;
  // a flag or the name of an option stands for itself
  if (/^-{1,2}[a-z]/.test(text) && !/\s\p{L}+\s/u.test(text)) return false;
  if (/\p{L}\S*\s+\S*\p{L}/u.test(words)) return !/^[\w.-]+(?: [\w.-]+=|;)/.test(text);
  const isTitle = /^[A-Z][a-z]+…?$/.test(text.trim()) && !/(?:Error|Array)$/.test(text);
  return isTitle && (SHOWN.test(name) || name !== '');
}

/** What people read in a TypeScript source, in its order; in markup also single words that nothing names. */
export function textsOfCode(source: string, inMarkup = false): readonly string[] {
  return literalsOf(source)
    .filter((literal) => isForPeople(inMarkup ? { ...literal, name: 'text' } : literal))
    .map(({ text }) => text);
}

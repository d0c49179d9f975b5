import { join } from 'node:path';
import { ESLint } from 'eslint';
import { expect, it } from 'vitest';

const eslint = new ESLint({ cwd: join(import.meta.dirname, '..', '..') });

/** The rules that a text breaks in the place of one of the services. */
async function brokenBy(text: string): Promise<readonly (string | null)[]> {
  const [result] = await eslint.lintText(text, { filePath: 'src-main/services/settings.ts' });
  return result?.messages.map(({ ruleId }) => ruleId) ?? [];
}

const LISTEN = `import { EventBus } from './event-bus.ts';
const events = new EventBus();
export const maybe = (): Disposable | undefined => events.listen(() => undefined);
`;

it.each([
  ['a listener that nobody keeps', 'events.listen(() => undefined);', ['snug/kept-disposables']],
  ['one that is dropped on purpose', 'void events.listen(() => undefined);', ['snug/kept-disposables']],
  ['one that there may be', 'maybe();', ['snug/kept-disposables']],
  ['one that is kept', 'export const kept = [events.listen(() => undefined), maybe()];', []],
  ['one in a stack', 'new DisposableStack().use(events.listen(() => undefined));', []],
  ['a timer', 'setTimeout(() => void maybe, 1).unref();', []],
  [
    'a method that may throw before it returns its promise',
    'export class Asked { get(): Promise<number> { return Promise.reject(new Error(String(maybe))); } }',
    ['@typescript-eslint/promise-function-async'],
  ],
  [
    'a promise made of what is at hand',
    'export class Asked { async get(): Promise<unknown> { return Promise.resolve(maybe); } }',
    ['no-restricted-syntax'],
  ],
  ['a comment wider than a page', `// ${'word '.repeat(30)}`, ['max-len']],
  [
    'a text as long, and an address in a comment',
    `// https://${'w'.repeat(140)}\nexport const long = '${'word '.repeat(30)}';`,
    [],
  ],
  ['an async method that waits for nothing', 'export class Asked { async get() { return maybe; } }', []],
])(
  'the lint knows %s',
  async (_, text, rules) => {
    expect(await brokenBy(LISTEN + text)).toEqual(rules);
  },
  60_000,
);

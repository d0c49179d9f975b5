import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Dispatcher } from '../../../src-main/doors/dispatcher.ts';
import { apiArguments, type Api } from '../../../src-main/contract/api.ts';

let response = 0;
let asked: string[] = [];
vi.mock('electron', () => ({
  dialog: {
    showMessageBox: ({ detail }: { detail: string }) => {
      asked.push(detail);
      return Promise.resolve({ response });
    },
  },
}));
const { GivenPaths, PATHS_OF } = await import('../../../src-main/shell/given-paths.ts');

beforeEach(() => {
  response = 0;
  asked = [];
});

function page() {
  const seen: string[][] = [];
  const given = new GivenPaths(
    () => Promise.resolve(['/home/me/Snug']),
    () => undefined,
  );
  const library = { add: ({ paths }: { paths: string[] }) => Promise.resolve(void seen.push(paths)) };
  const dispatcher = new Dispatcher({ library } as unknown as Api, given.check);
  const add = (...paths: string[]) =>
    dispatcher.run({ id: 1, service: 'library', method: 'add', argument: { paths } });
  return { given, seen, add };
}

describe('the paths that a page may name', () => {
  it('are those that were chosen or dropped, and what lies in the folder of models', async () => {
    const { given, seen, add } = page();
    given.give(['/chosen.gguf']);
    await add('/chosen.gguf', '/home/me/Snug/model.gguf');
    expect(asked).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  it.each(['/etc/passwd', '/home/me/Snug/../secret', '/home/me/Snug', '\\\\server\\share\\x.gguf'])(
    'else the person is asked once: %s',
    async (path) => {
      const { seen, add } = page();
      await add(path);
      await add(path);
      expect(asked).toEqual([path]);
      expect(seen).toHaveLength(2);
    },
  );

  it('and nothing is done when the person says no', async () => {
    response = 1;
    const { seen, add } = page();
    expect(await add('/etc/passwd')).toMatchObject({ error: { message: 'this path was not allowed' } });
    expect(seen).toEqual([]);
  });

  it('are looked for in every method that takes one', () => {
    const naming = Object.entries(apiArguments).flatMap(([service, methods]) =>
      Object.entries(methods).flatMap(([method, schema]) => {
        const { properties = {} } = z.toJSONSchema(schema as z.ZodType, { io: 'input' });
        // files of a repository are none of this laptop
        if ('repository' in properties) return [];
        const names = Object.entries(properties).some(
          ([name, property]) =>
            /path|folder|file|^to$/i.test(name) &&
            (property as { readonly type?: string }).type !== 'boolean',
        );
        return names ? [`${service}.${method}`] : [];
      }),
    );
    expect(naming.toSorted()).toEqual(Object.keys(PATHS_OF).toSorted());
  });
});

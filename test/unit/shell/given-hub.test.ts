import { beforeEach, expect, it, vi } from 'vitest';

// Electron's binary is not needed for what this file decides; a stand-in takes the module's place.
const person = vi.hoisted(() => ({ says: 0, asked: [] as string[] }));
vi.mock('electron', () => ({
  dialog: {
    showMessageBox: ({ detail }: { detail: string }) => {
      person.asked.push(detail);
      return Promise.resolve({ response: person.says });
    },
  },
}));
const { guardHub } = await import('../../../src-main/shell/given-hub.ts');

const YES = 0;
const NO = 1;
const guard = guardHub(
  () => Promise.resolve('https://copy.example.org'),
  () => undefined,
);

beforeEach(() => Object.assign(person, { says: YES, asked: [] }));

it('a hub of another address is taken only when the person allows it', async () => {
  await guard('settings.set', { hubAddress: 'https://other.example.org' });
  expect(person.asked).toEqual(['https://other.example.org']);
  person.says = NO;
  await expect(guard('settings.set', { hubAddress: 'https://other.example.org' })).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  });
});

it.each([
  ['settings.set', { hubAddress: 'https://huggingface.co' }],
  ['settings.set', { hubAddress: 'https://copy.example.org' }],
  ['settings.set', { theme: 'dark' }],
  ['settings.reset', {}],
])('nobody is asked about %s %j', async (name, argument) => {
  person.says = NO;
  await guard(name, argument);
  expect(person.asked).toEqual([]);
});

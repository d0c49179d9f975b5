import { describe, expect, it } from 'vitest';
import { textsOfCode } from '../../tools/words/for-people.ts';
import { textsOfNative } from '../../tools/words/native-texts.ts';
import { textsOfSvelte } from '../../tools/words/svelte-texts.ts';

describe('what people read in code', () => {
  it('is found in errors, labels and templates, with a mark for what is put in', () => {
    const source = `
      throw new SnugError('FILE', \`\${path} is not there\`, { advice: 'Check its name, ' + 'or choose another.' });
      const field = { title: 'Memory', value: \`\${count} \${count === 1 ? 'one token' : 'many tokens'}\` };`;
    expect(textsOfCode(source)).toEqual([
      '{…} is not there',
      'Check its name, or choose another.',
      'Memory',
      'one token',
      'many tokens',
    ]);
  });

  it.each([
    "import { a } from 'some module';",
    "if (state === 'not this one') stop();",
    "connection.all('SELECT id FROM models WHERE path = ?');",
    "document.querySelector('input[type=range] + label');",
    "const code: 'a type' | 'another type' = pick();",
    "const headers = { 'content-type': 'text/plain' };",
    "worker.call('restore');",
  ])('is not %s', (source) => {
    expect(textsOfCode(source)).toEqual([]);
  });
});

it('what people read in a component is its markup, what is read aloud, and texts in its code, in its order', () => {
  const source = `
    <script lang="ts">
      const { count }: { count: number } = $props();
      const title = 'Try again';
    </script>
    <p class="note wide" aria-label="Pictures to send">
      {count} of the
      context
    </p>
    {#if count > 1}<Button label="Remove {count}" icon="close" onclick={() => say('All of them went')}>{count === 2 ? 'Both' : 'Every one'}</Button>{/if}
    <style>.note { color: red; }</style>`;
  expect(textsOfSvelte(source)).toEqual([
    'Try again',
    'Pictures to send',
    '{…} of the context',
    'Remove {…}',
    'All of them went',
    'Both',
    'Every one',
  ]);
});

it('what the addon tells people is found, and no comment or name', () => {
  const source = `
    #include "model of mine.h"
    // "not said to anyone"
    throw failure("the file ends " "too early");
    object.Set("contextTokens", tokens);`;
  expect(textsOfNative(source)).toEqual(['the file ends too early']);
});

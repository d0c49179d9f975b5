import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import SelectField from '../../../../src-renderer/components/SelectField.svelte';
import TokensField from '../../../../src-renderer/components/TokensField.svelte';

const OPTIONS = [
  { value: null, label: 'Any' },
  { value: 0.8, label: 'Most' },
];

function field(change: { value?: number | null; hint?: string } = {}): string {
  const props = { label: 'Quality', options: OPTIONS, value: null, onchange: () => undefined, ...change };
  return render(SelectField<number | null>, { props }).body;
}

/** What is marked as chosen. */
function chosen(body: string): string | undefined {
  return /<option[^>]* selected[^>]*>([^<]*)/.exec(body)?.[1];
}

describe('a list to choose from', () => {
  it('is named by its label and described by its hint', () => {
    const body = field({ hint: 'How near it is' });
    const id = /<label for="([^"]+)"/.exec(body)?.[1] ?? '';
    expect(body).toContain(`<select id="${id}" aria-describedby="${id}-note"`);
    expect(body).toMatch(new RegExp(`<p class="hint[^"]*" id="${id}-note">How near it is</p>`));
    expect(field()).not.toContain('aria-describedby');
  });

  it('shows the option whose value is set, which may be nothing', () => {
    expect(chosen(field({ value: 0.8 }))).toBe('Most');
    expect(chosen(field({ value: null }))).toBe('Any');
  });

  it('of tokens has the number that is set among the usual ones', () => {
    const { body } = render(TokensField, {
      props: { label: 'Context', choices: [1024, 4096], value: 3000, onchange: () => undefined },
    });
    expect([...body.matchAll(/>([\d,]+ tokens)</g)].map(([, words]) => words)).toEqual([
      '1,024 tokens',
      '3,000 tokens',
      '4,096 tokens',
    ]);
    expect(chosen(body)).toBe('3,000 tokens');
  });
});

import { render } from 'svelte/server';
import { describe, expect, it } from 'vitest';
import Notices from '../../../../../src-renderer/components/shell/Notices.svelte';
import { AppState } from '../../../../../src-renderer/state/app/app.svelte.ts';
import { FakeAddressBar, FakeBridge } from '../../fake-bridge.ts';

/** What stands above the page once it was open and this happened to the connection. */
async function noticesWhen(...states: ('lost' | 'refused' | 'open')[]): Promise<string> {
  const bridge = new FakeBridge();
  const app = new AppState(bridge, new FakeAddressBar());
  await app.load();
  for (const state of states) bridge.become(state);
  const { body } = render(Notices, { props: { app } });
  return body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

describe('the notice of a lost connection', () => {
  it('promises no more than that it is tried, and says what to do', async () => {
    const words = await noticesWhen('lost');
    expect(words).toContain(
      'This page keeps trying; if Snug was closed, start it again and open the address it prints.',
    );
    expect(words).toContain('Try now');
  });

  it('says after a restart that this page is of no more use, and where everything is', async () => {
    const words = await noticesWhen('lost', 'refused');
    expect(words).toContain(
      'Open the address that Snug printed: your conversations and what you were writing are there.',
    );
    expect(words).not.toContain('Try now');
  });

  it('is gone once the connection is back', async () => {
    expect(await noticesWhen('lost', 'open')).toBe('');
  });
});

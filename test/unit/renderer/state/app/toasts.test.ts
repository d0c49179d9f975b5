import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Toasts } from '../../../../../src-renderer/state/app/toasts.svelte.ts';

describe('messages at the edge', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('go by themselves, later when there is something to decide, never when something went wrong', () => {
    const toasts = new Toasts();
    toasts.show({ text: 'saved' });
    toasts.show({ text: 'removed', action: { label: 'Undo', run: () => undefined } });
    toasts.show({ text: 'failed', tone: 'bad' });
    const texts = (): readonly string[] => toasts.list.map(({ text }) => text);
    vi.advanceTimersByTime(6000);
    expect(texts()).toEqual(['removed', 'failed']);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(['failed']);
  });

  it('stay while they are pointed at', () => {
    const toasts = new Toasts();
    const id = toasts.show({ text: 'saved' });
    toasts.hold(id);
    vi.advanceTimersByTime(60_000);
    expect(toasts.list).toHaveLength(1);
    toasts.release(id);
    vi.advanceTimersByTime(6000);
    expect(toasts.list).toHaveLength(0);
  });

  it('never cover the page', () => {
    const toasts = new Toasts();
    for (let index = 0; index < 10; index++) toasts.show({ text: String(index), tone: 'bad' });
    expect(toasts.list.map(({ text }) => text)).toEqual(['6', '7', '8', '9']);
  });
});

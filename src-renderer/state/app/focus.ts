import { tick } from 'svelte';

/** Puts the focus where one goes on if it was lost: what had it may be gone with what it did. */
export async function keepFocus(next: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement === document.body) next()?.focus({ preventScroll: true });
}

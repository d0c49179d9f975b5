/** Key presses that work on every page. */
export type Shortcut = 'palette' | 'new-chat' | 'settings';

type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/**
 * Which shortcut a key press is. Ctrl and ⌘ count alike. A browser keeps Ctrl+N for its own window, so that Ctrl+Alt+N does the
 * same; Alt changes what a key types, hence the physical key there.
 */
export function shortcutOf(event: KeyPress): Shortcut | null {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey) return null;
  if (event.altKey) return event.code === 'KeyN' ? 'new-chat' : null;
  const shortcuts: Readonly<Record<string, Shortcut>> = { k: 'palette', n: 'new-chat', ',': 'settings' };
  return shortcuts[event.key.toLowerCase()] ?? null;
}

/** How a shortcut is written here: ⌘K on a Mac, Ctrl+K elsewhere. */
export function shortcutLabel(key: string, platform: string): string {
  return /mac|iphone|ipad/i.test(platform) ? `⌘${key}` : `Ctrl+${key}`;
}

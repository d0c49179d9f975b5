/** Key presses that work on every page. */
export type Shortcut = 'palette' | 'new-chat' | 'settings' | 'shortcuts';

type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/**
 * Which shortcut a key press is. Ctrl and ⌘ count alike. A browser keeps Ctrl+N for its own window, so that Ctrl+Alt+N does the
 * same; Alt changes what a key types, hence the physical key there.
 */
export function shortcutOf(event: KeyPress): Shortcut | null {
  if (event.key === '?' && !event.ctrlKey && !event.metaKey && !event.altKey) return 'shortcuts';
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey) return null;
  if (event.altKey) return event.code === 'KeyN' ? 'new-chat' : null;
  const shortcuts: Readonly<Record<string, Shortcut>> = { k: 'palette', n: 'new-chat', ',': 'settings' };
  return shortcuts[event.key.toLowerCase()] ?? null;
}

/** How a shortcut is written here: ⌘K on a Mac, Ctrl+K elsewhere. */
export function shortcutLabel(key: string, platform: string): string {
  return /mac|iphone|ipad/i.test(platform) ? `⌘${key}` : `Ctrl+${key}`;
}

export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly { readonly keys: readonly string[]; readonly does: string }[];
}

/** Every key that does something, for the list of them. */
export function shortcutGroups(platform: string, door: 'electron' | 'browser'): readonly ShortcutGroup[] {
  const label = (key: string): string => shortcutLabel(key, platform);
  const newChat = door === 'electron' ? [label('N')] : [label('N'), `${label('Alt+N')}`];
  return [
    {
      title: 'Everywhere',
      shortcuts: [
        { keys: [label('K')], does: 'Commands: find anything to do, or a conversation' },
        { keys: newChat, does: 'New chat' },
        { keys: [label(',')], does: 'Settings' },
        { keys: ['?'], does: 'This list' },
      ],
    },
    {
      title: 'Writing a question',
      shortcuts: [
        { keys: ['Enter'], does: 'Send' },
        { keys: ['Shift+Enter'], does: 'New line' },
        { keys: ['↑'], does: 'Edit the last question, in an empty field' },
        { keys: ['Esc'], does: 'Stop the answer, or cancel editing' },
      ],
    },
    {
      title: 'List of conversations',
      shortcuts: [
        { keys: ['↑', '↓'], does: 'Go from one to the next' },
        { keys: ['F2'], does: 'Rename' },
        { keys: ['Delete'], does: 'Delete, which can be undone' },
      ],
    },
    {
      title: 'A picture shown large',
      shortcuts: [{ keys: ['←', '→'], does: 'Previous and next' }],
    },
  ];
}

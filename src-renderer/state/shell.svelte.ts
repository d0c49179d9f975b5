import type { AppState } from './app.svelte.ts';
import type { Command } from './commands.svelte.ts';
import type { Page } from './router.svelte.ts';
import { shortcutLabel, shortcutOf } from './shortcuts.ts';
import type { IconName } from '../components/icons.ts';

export interface Destination {
  readonly page: Page;
  readonly title: string;
  readonly icon: IconName;
}

export const DESTINATIONS: readonly Destination[] = [
  { page: 'fit', title: 'Fit', icon: 'fit' },
  { page: 'chat', title: 'Chat', icon: 'chat' },
  { page: 'models', title: 'Models', icon: 'models' },
  { page: 'settings', title: 'Settings', icon: 'settings' },
];

/** The commands that are there on every page. */
export function shellCommands(app: AppState, platform: string): readonly Command[] {
  const theme = (value: 'light' | 'dark' | 'system', title: string): Command => ({
    id: `theme.${value}`,
    title,
    keywords: 'theme colour appearance',
    run: () => app.changeSettings({ theme: value }),
  });
  return [
    {
      id: 'chat.new',
      title: 'New chat',
      keywords: 'conversation ask',
      shortcut: shortcutLabel('N', platform),
      run: () => app.newChat(),
    },
    ...DESTINATIONS.map(({ page, title }) => ({
      id: `go.${page}`,
      title: `Go to ${title}`,
      keywords: 'page open show',
      ...(page === 'settings' ? { shortcut: shortcutLabel(',', platform) } : {}),
      run: () => app.navigate(page),
    })),
    theme('light', 'Light theme'),
    theme('dark', 'Dark theme'),
    theme('system', 'Match system theme'),
  ];
}

/** Does what a key press on any page means; false when it means nothing here. */
export function pressShortcut(app: AppState, event: KeyboardEvent): boolean {
  const shortcut = shortcutOf(event);
  if (shortcut === null) return false;
  if (shortcut === 'palette') app.commands.open = !app.commands.open;
  if (shortcut === 'new-chat') void app.newChat();
  if (shortcut === 'settings') app.navigate('settings');
  return true;
}

import type { AppState } from './app.svelte.ts';
import type { Command } from './commands.svelte.ts';
import type { Page } from './router.svelte.ts';
import { shortcutLabel, shortcutOf } from './shortcuts.ts';
import type { IconName } from '../../icons.ts';

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

/** The cards of the settings page, as its address names them. */
const SETTINGS_SECTIONS = [
  { id: 'look', title: 'Appearance', keywords: 'theme dark light look' },
  {
    id: 'answers',
    title: 'Answers',
    keywords: 'instructions system prompt temperature variety longest length',
  },
  { id: 'computing', title: 'Computing', keywords: 'context threads kernels graphics gpu' },
  { id: 'serving', title: 'Serve on this computer', keywords: 'api openai endpoint server key programs' },
  { id: 'privacy', title: 'Privacy', keywords: 'telemetry network' },
  { id: 'downloads', title: 'Downloads', keywords: 'speed limit hub mirror hugging face access token' },
  { id: 'folders', title: 'Folders', keywords: 'models move disk logs' },
  { id: 'troubleshooting', title: 'Troubleshooting', keywords: 'diagnostics bug report version' },
] as const;

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
    ...SETTINGS_SECTIONS.map(({ id, title, keywords }) => ({
      id: `settings.${id}`,
      title: `Settings: ${title}`,
      keywords,
      onlyFound: true,
      run: () => app.navigate('settings', id),
    })),
    {
      id: 'shortcuts',
      title: 'Keyboard shortcuts',
      keywords: 'keys help',
      shortcut: '?',
      run: () => void (app.commands.shortcutsOpen = true),
    },
    theme('light', 'Light theme'),
    theme('dark', 'Dark theme'),
    theme('system', 'Match system theme'),
  ];
}

/** Does what a key press on any page means; false when it means nothing here. */
export function pressShortcut(app: AppState, event: KeyboardEvent): boolean {
  const shortcut = shortcutOf(event);
  if (shortcut === null || (shortcut === 'shortcuts' && isTyping(event.target))) return false;
  if (shortcut === 'palette') app.commands.open = !app.commands.open;
  if (shortcut === 'new-chat') void app.newChat();
  if (shortcut === 'settings') app.navigate('settings');
  if (shortcut === 'shortcuts') app.commands.shortcutsOpen = true;
  return true;
}

/** Whether a key goes to something that takes letters. */
function isTyping(target: EventTarget | null): boolean {
  const element = target as Partial<Element> | null;
  return Boolean(element?.closest?.('input, textarea, select, [contenteditable]'));
}

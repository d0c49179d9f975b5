import { DEFAULT_SETTINGS, settingsSchema, type Settings } from '../../../src-main/contract/settings.ts';

/** Kept beside the settings only so that the window does not flash light before they arrive. */
const REMEMBERED_KEY = 'snug.theme';

/** The theme of the last visit, for the first frame. */
export function rememberedTheme(storage: Pick<Storage, 'getItem'>): Settings['theme'] {
  const remembered = settingsSchema.shape.theme.safeParse(storage.getItem(REMEMBERED_KEY));
  return remembered.success ? remembered.data : DEFAULT_SETTINGS.theme;
}

/** Puts the theme on the page; `system` goes on following the system until the returned function is called. */
export function applyTheme(theme: Settings['theme'], root: HTMLElement, window: Window): () => void {
  window.localStorage.setItem(REMEMBERED_KEY, theme);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const put = (): void => {
    root.dataset['theme'] = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
  };
  put();
  if (theme !== 'system') return () => undefined;
  dark.addEventListener('change', put);
  return () => dark.removeEventListener('change', put);
}

import { BrowserWindow, shell, type BrowserWindowConstructorOptions } from 'electron';

/** Where https links may lead, opened in the person's own browser. */
const OUTSIDE = new Set(['huggingface.co', 'github.com', 'arxiv.org']);

export interface WindowState {
  readonly width: number;
  readonly height: number;
  readonly x?: number | undefined;
  readonly y?: number | undefined;
}

/** A window whose page has no access to Node and sees of the main process only what the preload script gives it. */
export function windowOptions(preload: string, state: WindowState): BrowserWindowConstructorOptions {
  const { x, y } = state;
  return {
    width: state.width,
    height: state.height,
    ...(x === undefined || y === undefined ? {} : { x, y }),
    minWidth: 400,
    minHeight: 480,
    show: false,
    title: 'Snug',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      // dictionaries would be fetched from the network
      spellcheck: false,
    },
  };
}

/** Whether a link may be opened outside: https, and to a host on the list. */
export function mayOpenOutside(url: string): boolean {
  try {
    const { protocol, hostname } = new URL(url);
    return protocol === 'https:' && OUTSIDE.has(hostname);
  } catch {
    return false;
  }
}

export function openWindow(page: string, preload: string, state: WindowState): BrowserWindow {
  const window = new BrowserWindow(windowOptions(preload, state));
  const { webContents } = window;
  webContents.on('will-navigate', (event) => event.preventDefault());
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(page);
  return window;
}

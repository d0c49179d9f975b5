import { BrowserWindow, type BrowserWindowConstructorOptions } from 'electron';

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

/** Opens the window; guardEveryPage (guard.ts) keeps its page where it is. */
export function openWindow(page: string, preload: string, state: WindowState): BrowserWindow {
  const window = new BrowserWindow(windowOptions(preload, state));
  window.once('ready-to-show', () => window.show());
  void window.loadURL(page);
  return window;
}

import { shell, type App, type WebContents } from 'electron';

/** Where https links may lead, opened in the person's own browser. */
const OUTSIDE = new Set(['huggingface.co', 'github.com', 'arxiv.org']);

/** Whether a link may be opened outside: https, and to a host on the list, or to the hub that the person has chosen. */
export function mayOpenOutside(url: string, hub?: string): boolean {
  try {
    const { protocol, hostname, origin } = new URL(url);
    if (hub !== undefined && origin === new URL(hub).origin) return /^https?:$/.test(protocol);
    return protocol === 'https:' && OUTSIDE.has(hostname);
  } catch {
    return false;
  }
}

/** Keeps a page where it is: it leads nowhere, opens nothing, holds no other page and talks to no other machine. */
function guard(contents: WebContents, hub: () => string | undefined): void {
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url, hub())) shell.openExternal(url).catch(() => undefined);
    return { action: 'deny' };
  });
  // WebRTC goes past the session's requests: without a proxy this leaves it no way out
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
}

/** Guards every page that the app ever shows, however it came to be; `hub`: the address of the hub in the settings, once it is known. */
export function guardEveryPage(app: App, hub: () => string | undefined): void {
  app.on('web-contents-created', (_, contents) => guard(contents, hub));
}

import type { Session } from 'electron';

/** Copying an answer; the browser cleans what is written. */
const COPY = 'clipboard-sanitized-write';

/** What a page may ask for: a picture from the camera, never sound, and to copy text. */
export function mayUse(permission: string, details: { mediaTypes?: readonly string[] | undefined }): boolean {
  const { mediaTypes = [] } = details;
  if (permission === 'media') return mediaTypes.length > 0 && mediaTypes.every((type) => type === 'video');
  return permission === COPY;
}

/** Denies every other permission, and every request to the network: the app needs none. */
export function restrict(session: Session): void {
  session.setPermissionRequestHandler((_, permission, callback, details) =>
    callback(mayUse(permission, details as { mediaTypes?: readonly string[] })),
  );
  session.setPermissionCheckHandler((_, permission, __, { mediaType }) =>
    mayUse(permission, { mediaTypes: mediaType === undefined ? [] : [mediaType] }),
  );
  // macOS spells by itself; elsewhere a dictionary would be fetched
  if (process.platform !== 'darwin') session.setSpellCheckerLanguages([]);
  session.webRequest.onBeforeRequest((request, callback) => callback({ cancel: !isLocal(request.url) }));
}

export function isLocal(url: string): boolean {
  return /^(snug|blob|data|devtools):/.test(url);
}

import type { Session } from 'electron';

/** The one thing a page may ask for: a picture from the camera, never sound. */
export function mayUse(permission: string, details: { mediaTypes?: readonly string[] | undefined }): boolean {
  const { mediaTypes } = details;
  return (
    permission === 'media' &&
    mediaTypes !== undefined &&
    mediaTypes.length > 0 &&
    mediaTypes.every((type) => type === 'video')
  );
}

/** Denies every permission but the camera, and every request to the network: the app needs none. */
export function restrict(session: Session): void {
  session.setPermissionRequestHandler((_, permission, callback, details) =>
    callback(mayUse(permission, details as { mediaTypes?: readonly string[] })),
  );
  session.setPermissionCheckHandler(
    (_, permission, __, details) => permission === 'media' && details.mediaType === 'video',
  );
  session.webRequest.onBeforeRequest((request, callback) => callback({ cancel: !isLocal(request.url) }));
}

export function isLocal(url: string): boolean {
  return /^(snug|blob|data|devtools):/.test(url);
}

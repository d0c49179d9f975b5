import { contextBridge, ipcRenderer, webUtils } from 'electron';

/**
 * The bridge of the window under Electron: calls of the contract, events, pictures. It runs sandboxed, so it imports nothing of
 * ours; the page wraps it (src-renderer/bridge/electron-bridge.ts) and types it from the contract.
 */
contextBridge.exposeInMainWorld('snugShell', {
  call: (message: unknown) => ipcRenderer.invoke('call', message),
  addPicture: (bytes: Uint8Array, name: string, page?: number) =>
    ipcRenderer.invoke('picture', { bytes, name, page }),
  documentPages: (bytes: Uint8Array, name: string, page: number) =>
    ipcRenderer.invoke('document-pages', { bytes, name, page }),
  listen: (listener: (event: unknown) => void) => {
    const forward = (_: unknown, event: unknown) => listener(event);
    ipcRenderer.on('event', forward);
    return () => ipcRenderer.removeListener('event', forward);
  },
  pathOf: (file: File) => {
    const path = webUtils.getPathForFile(file);
    // asked before any call that names it
    if (path !== '') void ipcRenderer.invoke('given', path);
    return path;
  },
  chooseModels: () => ipcRenderer.invoke('choose-models'),
  chooseFolder: () => ipcRenderer.invoke('choose-folder'),
  openLogs: () => ipcRenderer.invoke('open-logs'),
  showInFolder: (path: string) => ipcRenderer.invoke('show-in-folder', path),
});

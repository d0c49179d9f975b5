import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scanSource } from '../../helpers/electron-scanner.ts';

const root = join(import.meta.dirname, '..', '..', '..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

const rulesOf = (text: string, file = 'src-main/shell/window.ts') =>
  scanSource(file, text).map(({ rule }) => rule);

describe('the scan of all sources', () => {
  it.each(['src-main', 'src-renderer'])('finds nothing unsafe in %s', (folder) => {
    const files = sources(folder);
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap((file) => scanSource(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

it('the main process guards every page before one can be', () => {
  const main = readFileSync(join(root, 'src-main', 'main.ts'), 'utf8');
  const guarded = main.indexOf('\nguardEveryPage(app,');
  expect(guarded).toBeGreaterThan(0);
  expect(guarded).toBeLessThan(main.indexOf('start()'));
});

describe('the scan finds', () => {
  it.each([
    ['nodeIntegration: true', 'const w = { nodeIntegration: true };'],
    ['contextIsolation: false', 'const w = { "contextIsolation": false };'],
    ['sandbox: false', 'const w = { webPreferences: { sandbox: false } };'],
    ['webSecurity: false', 'const w = { webSecurity: false };'],
    ['the remote module', "import remote from '@electron/remote';"],
    ['code from text', 'contents.executeJavaScript(text);'],
    ['code from text', 'new Function(text);'],
    ['markup from text other than the sanitised', 'element.innerHTML = text;'],
    [
      'a link opened outside without asking the list of hosts',
      'function f(url) { shell.openExternal(url); }',
    ],
    ['a channel that does not check who asks', "ipcMain.handle('call', (_, message) => run(message));"],
    ['a channel that answers nobody checked', "ipcMain.on('call', run);"],
    ['the page is given ipcRenderer itself', "contextBridge.exposeInMainWorld('x', { ipcRenderer });"],
    ['a page from an address', "window.loadURL('https://example.org');"],
  ])('%s', (rule, text) => {
    expect(rulesOf(text)).toContain(rule);
  });

  it('a window that is opened past openWindow', () => {
    const text = 'function f() { return new BrowserWindow({}); }';
    expect(rulesOf(text, 'src-main/main.ts')).toEqual(['a window opened elsewhere than by openWindow']);
    expect(rulesOf(text)).toEqual([]);
  });

  it('electron imported outside the shell', () => {
    const text = "import { app } from 'electron';";
    expect(rulesOf(text, 'src-main/services/app.ts')).toEqual(['electron is imported outside the shell']);
    expect(rulesOf(text, 'src-main/shell/menu.ts')).toEqual([]);
  });
});

describe('what is safe', () => {
  it.each([
    "ipc.handle(channel, async (event, argument) => { if (!isOurs(event)) throw new Error('no'); });",
    'function f(url) { if (mayOpenOutside(url)) void shell.openExternal(url); }',
    "contextBridge.exposeInMainWorld('x', { call: (m) => ipcRenderer.invoke('call', m) });",
  ])('%s', (text) => {
    expect(rulesOf(text)).toEqual([]);
  });
});

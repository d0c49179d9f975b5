import { app, dialog, ipcMain, Menu, protocol, session, type BrowserWindow } from 'electron';
import { join } from 'node:path';
import { toErrorData } from './contract/errors.ts';
import { snugHome } from './home.ts';
import { appRoot } from './root.ts';
import { errorsIn } from './services/closing.ts';
import { openServices } from './services/services.ts';
import { startEndpoint } from './doors/endpoint/endpoint.ts';
import { within } from './doors/time-limit.ts';
import { guardEveryPage } from './shell/guard.ts';
import { serveIpc } from './shell/ipc.ts';
import { watchWork } from './shell/work-watch.ts';
import { menuTemplate } from './shell/menu.ts';
import { modelFiles, OpenedFiles } from './shell/opened-files.ts';
import { restrict } from './shell/permissions.ts';
import { PAGE, SCHEME, serveProtocol } from './shell/protocol.ts';
import { systemKeychain } from './shell/secret-keeper.ts';
import { keepWindowState, readWindowState } from './shell/window-state.ts';
import { openWindow } from './shell/window.ts';
import { startUtilityProcess } from './shell/worker.ts';

// Door 1: the Electron app. Thin: services do the work, shell/ holds what is Electron's.

const page = join(appRoot, 'dist', 'renderer');
const preload = join(import.meta.dirname, 'preload.cjs');

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
]);

/** A worker may take some seconds to keep what it has done. */
const CLOSE_MILLISECONDS = 10_000;
const MODELS_PAGE = `${PAGE}#/models`;

let hub: string | undefined;

// no page of this app has a reason to run outside it
app.enableSandbox();
guardEveryPage(app, () => hub);

// the name that Windows knows notifications by: electron-builder.yml's appId
app.setAppUserModelId('io.github.snug-app.snug');

let window: BrowserWindow | undefined;
/** all that was opened, once the start has come to its end */
let running: AsyncDisposableStack | undefined;
let opened: OpenedFiles | undefined;
/** files opened before the services are there */
const waiting: string[] = [];

function show(): void {
  if (window?.isMinimized()) window.restore();
  window?.focus();
}

function openFiles(paths: readonly string[]): void {
  if (paths.length === 0) return;
  if (!opened) return void waiting.push(...paths);
  void opened.add(paths);
  void window?.loadURL(MODELS_PAGE);
  show();
}

async function start(): Promise<void> {
  await app.whenReady();
  const home = snugHome();
  await using opening = new AsyncDisposableStack();
  // closed after the services: until then the window asks them and hears of them
  const door = opening.use(new DisposableStack());
  const services = opening.use(
    await openServices({
      home,
      door: 'electron',
      start: startUtilityProcess,
      endpoint: startEndpoint,
      secrets: systemKeychain,
      resolveProxy: (address) => session.defaultSession.resolveProxy(address),
    }),
  );
  hub = (await services.api.settings.get({})).hubAddress;
  door.use(
    services.events.listen((event) => {
      if (event.name === 'settings.changed') hub = event.data.hubAddress;
    }),
  );
  restrict(session.defaultSession);
  door.use(serveProtocol(protocol, page, services));
  door.use(serveIpc(ipcMain, services, () => window));
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform === 'darwin', app.name)));
  door.use(watchWork(services.events, () => window, show));
  const files = [...waiting.splice(0), ...modelFiles(process.argv, process.cwd())];
  window = openWindow(files.length > 0 ? MODELS_PAGE : PAGE, preload, readWindowState(home));
  keepWindowState(window, home);
  window.on('closed', () => (window = undefined));
  opened = new OpenedFiles(services.api.library, () => window);
  running = opening.move();
  await opened.add(files);
}

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', (_, argv, workingFolder) => {
    show();
    openFiles(modelFiles(argv, workingFolder));
  });
  // macOS tells of opened files this way, also before the app is ready
  app.on('open-file', (event, path) => {
    event.preventDefault();
    openFiles([path]);
  });
  app.on('window-all-closed', () => app.quit());
  let closing = false;
  let closed = false;
  app.on('before-quit', (event) => {
    if (closed || !running) return;
    // a running fit and a loaded model end first; what they did is kept
    event.preventDefault();
    if (closing) return;
    closing = true;
    void within(CLOSE_MILLISECONDS, running.disposeAsync(), 'it took too long')
      .catch(() => undefined)
      .finally(() => {
        closed = true;
        app.quit();
      });
  });
  start().catch((error: unknown) => {
    // what failed to close after it says nothing more
    const { message, advice } = toErrorData(errorsIn(error)[0]);
    dialog.showErrorBox('Snug could not start', [message, advice ?? ''].join('\n\n').trim());
    app.exit(1);
  });
} else {
  app.quit();
}

import { dialog, shell, type BrowserWindow, type IpcMain, type IpcMainInvokeEvent } from 'electron';
import { z } from 'zod';
import { Dispatcher } from '../doors/dispatcher.ts';
import { pageSchema } from '../contract/conversation.ts';
import { SnugError, toErrorData } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES, MOST_PICTURE_NAME } from '../contract/wire.ts';
import type { Services } from '../services/services.ts';
import { guardHub } from './given-hub.ts';
import { GivenPaths } from './given-paths.ts';
import { SCHEME } from './protocol.ts';

const pictureSchema = z.strictObject({
  bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MOST_PICTURE_BYTES, 'too large'),
  name: z.string().max(MOST_PICTURE_NAME),
  page: pageSchema.optional(),
});
const documentSchema = pictureSchema.required({ page: true });

/** Whether a message comes from the main frame of our own page. */
export function isOurs(event: Pick<IpcMainInvokeEvent, 'senderFrame'>): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && frame.url.startsWith(`${SCHEME}://app/`);
}

/** The channels that a page asks by; each checks who asks before anything else. */
class Channels implements Disposable {
  readonly #ipc: IpcMain;
  readonly #opened = new DisposableStack();

  constructor(ipc: IpcMain) {
    this.#ipc = ipc;
  }

  handle(channel: string, run: (argument: unknown) => unknown): void {
    this.#ipc.handle(channel, async (event, argument: unknown) => {
      if (!isOurs(event)) throw new Error('this page may not ask');
      return await run(argument);
    });
    this.#opened.defer(() => this.#ipc.removeHandler(channel));
  }

  /** Answers with what went wrong as data: of an error Electron itself carries the message alone. */
  answer<Argument>(
    channel: string,
    schema: z.ZodType<Argument>,
    run: (argument: Argument) => Promise<unknown>,
  ): void {
    this.handle(channel, async (argument) => {
      try {
        const checked = schema.safeParse(argument);
        if (!checked.success) throw new SnugError('BAD_ARGUMENT', z.prettifyError(checked.error));
        return { value: await run(checked.data) };
      } catch (error) {
        return { error: toErrorData(error) };
      }
    });
  }

  [Symbol.dispose](): void {
    this.#opened.dispose();
  }
}

/** The channels of the preload script, until disposed. */
export function serveIpc(
  ipc: IpcMain,
  services: Services,
  window: () => BrowserWindow | undefined,
): Disposable {
  using opening = new DisposableStack();
  const channels = opening.use(new Channels(ipc));
  const ownFolders = async () => {
    const { modelsFolder } = await services.api.app.info({});
    return [modelsFolder];
  };
  const given = new GivenPaths(ownFolders, window);
  const currentHub = async () => (await services.api.settings.get({})).hubAddress;
  const checkHub = guardHub(currentHub, window);
  const dispatcher = new Dispatcher(services.api, async (name, argument) => {
    await given.check(name, argument);
    await checkHub(name, argument);
  });
  channels.handle('call', (message) => dispatcher.run(message));
  // only the preload script sends it, for a file that was dropped or chosen in the page; one made by a page has no path
  channels.handle('given', (path) => given.give([z.string().parse(path)]));
  answerFiles(channels, services);
  answerDialogs(channels, given, window);
  answerFolders(channels, services);
  opening.use(services.events.listen((event) => window()?.webContents.send('event', event)));
  return opening.move();
}

function answerFiles(channels: Channels, services: Services): void {
  channels.answer('picture', pictureSchema, ({ bytes, name, page }) =>
    services.addPicture(bytes, name, page),
  );
  channels.answer('document-pages', documentSchema, ({ bytes, name, page }) =>
    services.documentPages(bytes, name, page),
  );
}

/** What a person chooses in the system's dialogs a page may name. */
function answerDialogs(channels: Channels, given: GivenPaths, window: () => BrowserWindow | undefined): void {
  const choose = async (options: Electron.OpenDialogOptions) => {
    const parent = window();
    const shown = parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options);
    const { filePaths } = await shown;
    given.give(filePaths);
    return filePaths;
  };
  channels.answer('choose-models', z.unknown(), () =>
    choose({
      properties: ['openFile', 'multiSelections'],
      filters: [{ name: 'Models', extensions: ['gguf'] }],
    }),
  );
  channels.answer('choose-folder', z.unknown(), async () => {
    const [folder] = await choose({ properties: ['openDirectory', 'createDirectory'] });
    return folder ?? null;
  });
}

function answerFolders(channels: Channels, services: Services): void {
  channels.answer('show-in-folder', z.string(), async (path) => {
    if (!(await ownPaths(services)).includes(path)) {
      throw new SnugError('BAD_ARGUMENT', 'only models of the library and Snug’s own folders are shown');
    }
    shell.showItemInFolder(path);
  });
  channels.answer('open-logs', z.unknown(), async () => {
    const { logsFolder } = await services.api.app.info({});
    // Electron rejects nothing: it answers with what went wrong
    const problem = await shell.openPath(logsFolder);
    if (problem !== '') throw new SnugError('FILE', problem);
  });
}

/** What a page may have shown in the system's file manager. */
async function ownPaths({ api }: Services): Promise<readonly (string | undefined)[]> {
  const { modelsFolder, dataFolder, logsFolder } = await api.app.info({});
  const models = (await api.library.list({})).flatMap((model) => [model.path, model.mmproj?.path]);
  return [modelsFolder, dataFolder, logsFolder, ...models];
}

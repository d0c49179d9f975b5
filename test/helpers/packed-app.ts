import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import type { Reply } from '../../src-main/contract/wire.ts';
import { stage } from '../../tools/package/stage.ts';

const root = join(import.meta.dirname, '..', '..');
const standIn = join(root, 'test', 'fixtures', 'electron');

/** Where Electron's binary keeps its fuses: this text, a version, their number, and a character each (@electron/fuses). */
const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = 9;

/** A folder that electron-builder takes for an unpacked Electron. */
function standInDistribution(folder: string): string {
  mkdirSync(join(folder, 'resources'), { recursive: true });
  const version = (createRequire(import.meta.url)('electron/package.json') as { version: string }).version;
  writeFileSync(join(folder, 'version'), version);
  writeFileSync(join(folder, 'LICENSE'), '');
  writeFileSync(
    join(folder, 'electron'),
    `${FUSE_SENTINEL}\x01${String.fromCharCode(FUSES)}${'0'.repeat(FUSES)}`,
  );
  return folder;
}

/** The app as electron-builder packs it for this machine, over a stand-in for Electron. */
export class PackedApp {
  /** what lies in the archive */
  readonly files: readonly string[];
  readonly #folder: string;
  readonly #resources: string;

  private constructor(folder: string, resources: string, files: readonly string[]) {
    this.#folder = folder;
    this.#resources = resources;
    this.files = files;
  }

  static async pack(folder: string): Promise<PackedApp> {
    await stage();
    const distribution = standInDistribution(join(folder, 'electron'));
    const output = join(folder, 'packages');
    const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
    const settings = [`-c.electronDist=${distribution}`, `-c.directories.output=${output}`];
    execFileSync(process.execPath, [builder, '--dir', '--publish', 'never', ...settings], {
      cwd: root,
      stdio: 'pipe',
    });
    const resources = join(output, 'linux-unpacked', 'resources');
    const { extractAll, listPackage } = await import('@electron/asar');
    const archive = join(resources, 'app.asar');
    const app = new PackedApp(folder, resources, listPackage(archive, { isPack: false }));
    // plain Node reads no archives: the same names as folders
    extractAll(archive, app.#app);
    for (const native of ['native', 'resources']) rmSync(join(app.#app, native), { recursive: true });
    symlinkSync(`${archive}.unpacked`, `${app.#app}.unpacked`);
    cpSync(standIn, join(app.#app, 'node_modules', 'electron'), { recursive: true });
    return app;
  }

  get #app(): string {
    return join(this.#folder, 'app.asar');
  }

  /** paths below resources/ that lie outside the archive */
  get unpacked(): string[] {
    const folder = join(this.#resources, 'app.asar.unpacked');
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  }

  /** of the packed binary, by their place: true, false, or undefined where nothing was set */
  fuse(place: number): boolean {
    const binary = readFileSync(join(this.#resources, '..', 'snug'), 'latin1');
    return binary[binary.indexOf(FUSE_SENTINEL) + FUSE_SENTINEL.length + 2 + place] === '1';
  }

  path(...parts: string[]): string {
    const path = join(this.#app, ...parts);
    return existsSync(path) ? path : join(`${this.#app}.unpacked`, ...parts);
  }

  /** Runs the packed command line. */
  cli(home: string, ...args: string[]): string {
    return execFileSync(process.execPath, [this.path('src-main', 'cli.js'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, SNUG_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  start(home: string, ...args: string[]): RunningApp {
    const environment = { ...process.env, SNUG_HOME: home };
    return new RunningApp(
      fork(this.path('src-main', 'main.js'), args, { env: environment, serialization: 'advanced' }),
    );
  }
}

type FromApp =
  | { readonly kind: 'did'; readonly what: string; readonly details: unknown }
  | { readonly kind: 'event'; readonly event: { readonly name: string; readonly data: unknown } }
  | { readonly kind: 'reply'; readonly id: number; readonly value?: unknown; readonly refused?: string };

/** The packed main process, run by plain Node with a stand-in for Electron; we are its page and its person. */
export class RunningApp {
  readonly #child: ChildProcess;
  readonly #heard: FromApp[] = [];
  readonly #watchers = new Set<() => void>();
  readonly exited: Promise<number | null>;
  #nextId = 1;
  #ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      this.#heard.push(message as FromApp);
      for (const watcher of this.#watchers) watcher();
    });
    this.exited = new Promise((resolve) => {
      child.on('exit', (code) => {
        this.#ended = true;
        for (const watcher of this.#watchers) watcher();
        resolve(code);
      });
    });
  }

  async #find<Found>(pick: (message: FromApp) => Found | undefined): Promise<Found> {
    for (;;) {
      for (const message of this.#heard) {
        const found = pick(message);
        if (found !== undefined) return found;
      }
      if (this.#ended) throw new Error('the app has ended');
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  /** What Electron was told to do, told already or still to come. */
  did(what: string, wanted: (details: never) => boolean = () => true): Promise<Record<string, unknown>> {
    return this.#find((message) =>
      message.kind === 'did' && message.what === what && wanted(message.details as never)
        ? ((message.details ?? {}) as Record<string, unknown>)
        : undefined,
    );
  }

  /** Asks the stand-in; throws what it refused with. */
  async ask(kind: string, asked: object = {}): Promise<unknown> {
    const id = this.#nextId++;
    if (this.#child.connected) this.#child.send({ id, kind, ...asked });
    const reply = await this.#find((message) =>
      message.kind === 'reply' && message.id === id ? message : undefined,
    );
    if (reply.refused !== undefined) throw new Error(reply.refused);
    return reply.value;
  }

  /** A call of the contract, as the page makes it. */
  async call(service: string, method: string, argument: unknown): Promise<unknown> {
    const message = { id: this.#nextId++, service, method, argument };
    const reply = (await this.ask('invoke', {
      channel: 'call',
      argument: message,
      url: 'snug://app/index.html',
    })) as Reply;
    if ('error' in reply) throw new Error(reply.error.message);
    return reply.value;
  }

  event(name: string, wanted: (data: never) => boolean): Promise<unknown> {
    return this.#find((message) =>
      message.kind === 'event' && message.event.name === name && wanted(message.event.data as never)
        ? message.event.data
        : undefined,
    );
  }
}

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { build } from 'vite';

/**
 * Puts the app together in dist/app as it will be packaged, but for node_modules: main process and workers as JavaScript, the built
 * window, the addon beside llama.cpp's libraries of this platform, resources. `electron dist/app` starts it.
 */

const root = join(import.meta.dirname, '..', '..');
const staged = join(root, 'dist', 'app');
const modules = join(root, 'node_modules');

/** node-llama-cpp's own addon and tools, which ours does not need. */
const NOT_OURS = /^(llama-addon|libllama-common|llama-common|_nlc)/;

function compileMain(): void {
  const tsc = join(modules, 'typescript', 'bin', 'tsc');
  // `npm run check` is where types are checked
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.app.json'), '--noCheck'], {
    cwd: root,
    stdio: 'inherit',
  });
}

/** A sandboxed preload script must be one CommonJS file. */
async function compilePreload(): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: join(staged, 'src-main'),
      emptyOutDir: false,
      target: 'node24',
      lib: { entry: join(root, 'src-main', 'preload.ts'), formats: ['cjs'], fileName: () => 'preload.cjs' },
      rolldownOptions: { external: ['electron'] },
    },
  });
}

/** Into its own place: another program may be serving the window that `npm run build` made. */
async function buildWindow(): Promise<void> {
  const outDir = join(staged, 'dist', 'renderer');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn', build: { outDir } });
}

/** The addon looks for the libraries in its own folder first (native/CMakeLists.txt). */
function copyNative(): void {
  const built = join(root, 'native', 'build');
  const { libraries, llamaCpp } = JSON.parse(readFileSync(join(built, 'libraries.json'), 'utf8')) as {
    libraries: string;
    llamaCpp: string;
  };
  const to = join(staged, 'native', 'build');
  mkdirSync(to, { recursive: true });
  cpSync(join(built, 'snug.node'), join(to, 'snug.node'));
  const from = join(built, libraries);
  for (const name of readdirSync(from).filter((file) => !NOT_OURS.test(file))) {
    cpSync(join(from, name), join(to, name), { verbatimSymlinks: true });
  }
  cpSync(join(root, '.cache', 'llama.cpp', 'LICENSE'), join(to, 'LICENSE-llama.cpp.txt'));
  writeFileSync(join(to, 'libraries.json'), JSON.stringify({ libraries: '.', llamaCpp }));
}

/** What the app needs while it runs; the held-out test is for those who build it. */
function copyResources(): void {
  const notNeeded = join(root, 'resources', 'demo-model', 'vqa-test');
  cpSync(join(root, 'resources'), join(staged, 'resources'), {
    recursive: true,
    filter: (path) => path !== notNeeded,
  });
}

/** electron-builder makes the icons of each system from one large picture. */
async function drawIcon(): Promise<void> {
  const icons = join(root, 'dist', 'icons');
  mkdirSync(icons, { recursive: true });
  const svg = join(root, 'src-renderer', 'icon.svg');
  // drawn large, not enlarged: a density scales the SVG before it becomes pixels
  await sharp(svg, { density: 1200 }).resize(1024, 1024).png().toFile(join(icons, 'icon.png'));
}

function writePackage(): void {
  const fields = ['name', 'version', 'description', 'license', 'type', 'dependencies'];
  const whole = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const kept = Object.fromEntries(fields.map((field) => [field, whole[field]]));
  writeFileSync(
    join(staged, 'package.json'),
    JSON.stringify({ ...kept, productName: 'Snug', main: 'src-main/main.js' }, null, 2),
  );
}

/** Packages keep their licence files, but libvips lists the many it is made of in a README, and these are not packed. */
function copyLicences(): void {
  cpSync(join(root, 'LICENSE'), join(staged, 'LICENSE'));
  const images = join(modules, '@img');
  const [libvips] = readdirSync(images).filter((name) => name.startsWith('sharp-libvips-'));
  if (libvips) cpSync(join(images, libvips, 'README.md'), join(staged, 'LICENSES-libvips.md'));
}

export async function stage(): Promise<void> {
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  writePackage();
  compileMain();
  await compilePreload();
  await buildWindow();
  copyNative();
  copyResources();
  copyLicences();
  await drawIcon();
}

if (import.meta.main) await stage();

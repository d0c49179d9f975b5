import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SnugError } from '../contract/errors.ts';
import { appRoot, unpackedRoot } from '../root.ts';

const isPackaged = unpackedRoot !== appRoot;
// the campaigns of test/long compute with builds of their own; a packaged app has one alone
const CAMPAIGN_BUILDS = ['build-sanitized', 'build-arm64'];
const wanted = CAMPAIGN_BUILDS.find((name) => name === process.env['SNUG_ADDON_BUILD']);
const buildFolder = join(unpackedRoot, 'native', (!isPackaged && wanted) || 'build');

/** The files that the addon is loaded from. */
export interface Build {
  readonly addon: string;
  /** folder with libllama, libggml and the CPU variants */
  readonly libraries: string;
}

/**
 * The build in a folder, with llama.cpp's libraries of that build or those of another folder.
 * @throws SnugError NOT_INSTALLED when a part of it is missing
 */
export function findBuild(folder = buildFolder, libraries = librariesOf(folder)): Build {
  const addon = join(folder, 'snug.node');
  if (!existsSync(addon)) throw notInstalled(`Snug’s addon is missing: there is no ${addon}`);
  if (!filesIn(libraries).some((name) => CPU_LIBRARY.test(name)))
    throw notInstalled(`llama.cpp is missing: there is no build of it for any processor in ${libraries}`);
  return { addon, libraries };
}

/** A part of Snug is missing, or cannot be loaded. */
export function notInstalled(message: string, cause?: unknown): SnugError {
  return new SnugError('NOT_INSTALLED', message, {
    advice: isPackaged
      ? 'Snug may be damaged: install it again.'
      : 'Run: npm run setup. If that does not help, delete native/build and run it again.',
    cause,
  });
}

/** Of all processors of a system, or of one processor family. */
const CPU_LIBRARY = /ggml-cpu(?:-([\w.]+))?\.(?:so|dll|dylib)$/;

/** The builds of llama.cpp for one processor family each that lie in a folder, whether or not they run here. */
export function cpuVariants(libraries = librariesOf(buildFolder)): string[] {
  return filesIn(libraries).flatMap((name) => CPU_LIBRARY.exec(name)?.[1] ?? []);
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

const librariesSchema = z.object({ libraries: z.string(), llamaCpp: z.string() });

/** What the set-up noted of a build: where llama.cpp's libraries lie, and which release of it they are. */
function notesOf(folder: string): z.infer<typeof librariesSchema> {
  const path = join(folder, 'libraries.json');
  try {
    return librariesSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw notInstalled(`${path} is missing or damaged`, error);
  }
}

function librariesOf(folder: string): string {
  return join(folder, notesOf(folder).libraries);
}

/**
 * The release of llama.cpp that computes, as "b9999".
 * @throws SnugError NOT_INSTALLED
 */
export function llamaCppRelease(): string {
  return notesOf(buildFolder).llamaCpp;
}

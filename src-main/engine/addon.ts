import { createRequire } from 'node:module';
import { delimiter } from 'node:path';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { SnugError } from '../contract/errors.ts';
import { cpuVariants, findBuild, notInstalled, type Build } from './build.ts';
import { kernelsWanted } from './kernels.ts';
import { withKeptVerdicts } from './kept-verdicts.ts';
import type { Addon, Backends } from './native-types.ts';

interface Loaded {
  readonly addon: Addon;
  readonly backends: Backends;
}

let loaded: Loaded | undefined;

/**
 * Loads the addon and the CPU variant that suits this machine, once; later calls get the same.
 * @param librariesFolder llama.cpp's libraries instead of those that the addon was built with
 * @throws SnugError NOT_INSTALLED when a part is missing, UNSUPPORTED_CPU when llama.cpp runs on no such processor, BAD_ARGUMENT for
 * kernels, or a CPU variant, that there are not
 */
export function loadAddon(librariesFolder?: string): Loaded {
  if (loaded) return loaded;
  const build = findBuild(undefined, librariesFolder);
  const addon = loadFile(build);
  const variant = variantWanted(build.libraries);
  const backends = addon.loadBackends(build.libraries, variant, kernelsWanted() !== 'stock');
  if (!backends.devices.some((device) => device.kind === 'cpu')) throw noCpuBackend(build.libraries, variant);
  // Node waits for jobs before it exits; a thread's own exit must not end those of the others
  if (isMainThread) process.once('exit', () => addon.abortEverything());
  loaded = { addon: withKeptVerdicts(addon, backends.cpuFeatures), backends };
  return loaded;
}

/** Another than the best, to compute what another processor computes; empty where the best is to be taken. */
function variantWanted(libraries: string): string {
  const wanted = process.env['SNUG_CPU_VARIANT'] ?? '';
  const variants = cpuVariants(libraries);
  if (wanted === '' || variants.includes(wanted)) return wanted;
  throw new SnugError(
    'BAD_ARGUMENT',
    `SNUG_CPU_VARIANT is “${wanted}”, and llama.cpp has no such build here`,
    {
      advice:
        variants.length === 0
          ? 'Leave it out: there is one build for all processors of this kind.'
          : `Leave it out, or name one of these: ${variants.join(', ')}.`,
    },
  );
}

function loadFile({ addon, libraries }: Build): Addon {
  // Windows looks for the addon's DLLs on the path
  process.env['PATH'] = `${libraries}${delimiter}${process.env['PATH'] ?? ''}`;
  try {
    return createRequire(import.meta.url)(addon) as Addon;
  } catch (error) {
    throw notInstalled(`Snug’s addon could not be loaded: ${(error as Error).message}`, error);
  }
}

function noCpuBackend(libraries: string, variant: string): SnugError {
  if (variant !== '') {
    return new SnugError(
      'UNSUPPORTED_CPU',
      `SNUG_CPU_VARIANT is “${variant}”, which this processor does not run`,
      {
        advice: `Leave it out, or name one for an older processor, of these: ${cpuVariants(libraries).join(', ')}.`,
      },
    );
  }
  return new SnugError('UNSUPPORTED_CPU', `none of the CPU variants in ${libraries} runs on this processor`, {
    advice: 'Snug needs a 64-bit Intel, AMD or ARM processor with vector instructions (SSE4.2 or NEON).',
  });
}

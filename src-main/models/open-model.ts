import type { OnProgress } from '../contract/progress.ts';
import { kernelsWanted } from '../engine/kernels.ts';
import { withAbort } from '../engine/native-calls.ts';
import type { Addon, NativeModel, OpenModelOptions } from '../engine/native-types.ts';
import type { Gguf } from '../gguf/gguf.ts';
import { checkTokens } from './check-text.ts';
import { checkEncoderLayout } from './encoder-layout.ts';
import { openingLimits, type ImageLimits } from './image-limits.ts';
import { readTextModel, readVisionModel } from './model-file.ts';

export interface OpenOptions {
  readonly path: string;
  readonly mmprojPath?: string | undefined;
  readonly limits: ImageLimits;
  readonly threads: number;
  /** as `OpenModelOptions.mapped`; `staysMapped` tells */
  readonly mapped?: boolean;
  /** as `OpenModelOptions.wide`; by default only where wide layouts are insisted on */
  readonly wide?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** A loaded model that closes itself at the end of its block. */
export type OpenModel = NativeModel & Disposable;

export async function openModel(addon: Addon, options: OpenOptions): Promise<OpenModel> {
  const { path, mmprojPath, limits, threads, mapped = true, signal, onProgress } = options;
  const { wide = kernelsWanted() === 'own' } = options;
  // llama.cpp believes a header; both are refused here where it could not be survived
  const { gguf } = readTextModel(path);
  checkTokens(gguf);
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkEncoderLayout(vision);
  const load = { stage: 'load', total: 100, unit: 'steps', detail: path } as const;
  // mapping may read the whole file before llama.cpp says anything
  onProgress?.({ ...load, done: 0 });
  const model = await withAbort(addon, signal, (abort) =>
    addon.openModel(
      {
        ...modelFiles(gguf),
        threads,
        mapped,
        wide,
        ...openingLimits(vision, limits),
        ...(mmprojPath === undefined ? {} : { mmprojPath }),
      },
      abort,
      ({ done, total }) => onProgress?.({ ...load, done: Math.round((done / total) * 100) }),
    ),
  );
  return disposable(model);
}

/** Vocabulary, sizes and rules of a model without its weights. */
export async function openMetadata(addon: Addon, path: string): Promise<OpenModel> {
  const { gguf } = readTextModel(path);
  checkTokens(gguf);
  return disposable(
    await withAbort(addon, undefined, (abort) =>
      addon.openModel({ ...modelFiles(gguf), threads: 1, metadataOnly: true }, abort),
    ),
  );
}

/** A model's files as the addon takes them. */
export function modelFiles({ files, path }: Gguf): Pick<OpenModelOptions, 'path' | 'otherParts'> {
  return { path, otherParts: files.slice(1).map((file) => file.path) };
}

function disposable(model: NativeModel): OpenModel {
  return Object.assign(model, { [Symbol.dispose]: () => model.close() });
}

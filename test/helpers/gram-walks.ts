import { join } from 'node:path';
import { loadAddon } from '../../src-main/engine/addon.ts';
import type { NativeModel, NativeSequence } from '../../src-main/engine/native-types.ts';
import type { PlannedSequence } from '../../src-main/luq/calibrate/sequences.ts';
import { walkLayers } from '../../src-main/luq/gram/walk-layers.ts';
import type { LayerGrams, Visit, WalkOptions } from '../../src-main/luq/gram/walk.ts';
import { seededRandom } from '../../src-main/luq/random.ts';
import { readTextModel } from '../../src-main/models/model-file.ts';
import { openModel, type OpenModel } from '../../src-main/models/open-model.ts';
import { decodePicture } from '../../src-main/pictures/pictures.ts';
import { DEMO_IMAGE_TOKENS, sample } from '../fixtures/demo.ts';

const { addon } = loadAddon();
const BATCH_TOKENS = 256;

export interface WalkedModel {
  readonly model: string;
  readonly mmproj?: string | undefined;
}

export function openWhole({ model, mmproj }: WalkedModel) {
  return openModel(addon, { path: model, mmprojPath: mmproj, limits: DEMO_IMAGE_TOKENS, threads: 1 });
}

/** A sequence as a set's would be planned, laid out by the model. */
function planned(model: NativeModel, sequence: NativeSequence, name: string): PlannedSequence {
  const pieces = model.layout(sequence);
  let at = 0;
  const imageTokens = pieces.flatMap((piece) => {
    const first = at;
    at += piece.tokens;
    return piece.kind === 'image' ? [{ first, count: piece.tokens }] : [];
  });
  return {
    kind: imageTokens.length > 0 ? 'picture' : 'text',
    name,
    tokens: at,
    imageTokens,
    ids: new Int32Array(at),
    answer: { first: 0, count: 0 },
    prepare: () => Promise.resolve(sequence),
  };
}

/** Texts of random tokens. */
export function randomTexts(model: NativeModel, lengths: readonly number[]): PlannedSequence[] {
  const random = seededRandom(7);
  return lengths.map((length, i) => {
    const tokens = Int32Array.from({ length }, () => 100 + Math.floor(random() * 1500));
    return planned(model, { tokens }, `text ${i}`);
  });
}

/** Questions about pictures of the demo's. */
export async function pictureSequences(
  model: NativeModel,
  names: readonly string[],
): Promise<PlannedSequence[]> {
  const { mediaMarker } = model.describe();
  return Promise.all(
    names.map(async (name) => {
      const picture = await decodePicture(sample(name), { maxPixels: 1e6 });
      return planned(model, { text: `Look: ${mediaMarker} What is it?`, images: [picture] }, name);
    }),
  );
}

export async function walkOptions(
  files: WalkedModel,
  folder: string,
  sequencesOf: (model: OpenModel) => Promise<PlannedSequence[]> | PlannedSequence[],
): Promise<WalkOptions> {
  const { gguf, layers, embeddingLength } = readTextModel(files.model);
  using model = await openWhole(files);
  return {
    addon,
    source: gguf,
    layers,
    width: embeddingLength,
    sequences: await sequencesOf(model),
    openSource: () => openWhole(files),
    inputs: 'source',
    weightOfPictures: 1,
    folder: join(folder, 'walk'),
    batchTokens: BATCH_TOKENS,
    threads: 1,
  };
}

/** Walks and calls `look` while the files of a layer are there. */
export function walk(
  options: WalkOptions,
  look: (grams: LayerGrams) => ReturnType<Visit> | undefined | void,
) {
  return walkLayers(options, async (grams) => (await look(grams)) ?? undefined);
}

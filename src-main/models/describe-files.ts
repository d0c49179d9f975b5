import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { PLAN_FAMILIES } from '../contract/fit-report.ts';
import { hasOtherRungs } from '../contract/low-layers.ts';
import type { DescribedFiles, Description } from '../contract/model.ts';
import { metadataString, type Gguf } from '../gguf/gguf.ts';
import { MOST_LAYERS } from './check-text.ts';
import { checkEncoderLayout } from './encoder-layout.ts';
import { searchMmproj } from './find-mmproj.ts';
import { imageLimits } from './image-limits.ts';
import {
  checkPair,
  expectsVision,
  mayBeFitted,
  readTextModel,
  readVisionModel,
  type TextModel,
} from './model-file.ts';
import { readSidecar } from './sidecar.ts';
import { visibleLine } from '../text/visible-text.ts';

/** What a model's headers say, and those of the vision file given for it; throws when its file is gone, broken or none that Snug knows. */
export function describeFiles(path: string, mmprojPath: string | undefined): DescribedFiles {
  const text = readTextModel(path);
  const files = text.gguf.files.map((file) => file.path);
  const { alsoRead, ...vision } = describeVision(text, mmprojPath ?? readSidecar(path).mmproj);
  const limits = imageLimits(text, vision.mmproj ? readVisionModel(vision.mmproj.path) : undefined);
  const weightBytes = weightBytesOf(text.gguf);
  const plan = planOf(text.gguf);
  const kind = plan ? 'fitted' : mayBeFitted(text) ? 'source' : 'quantized';
  const description: Description = {
    name: plan ? `${text.name}, ${layersLine(text, plan)}` : text.name,
    architecture: text.architecture,
    kind,
    bytes: text.gguf.fileBytes,
    parameters: text.parameters,
    bitsPerWeight: (weightBytes * 8) / text.parameters,
    layers: text.layers,
    trainingContextTokens: text.trainingContextTokens,
    ...vision,
    expectsVision: expectsVision(text),
    imageTokens: vision.mmproj === null ? null : { min: limits.minTokens, max: limits.maxTokens },
    ordering: kind === 'source' ? (readSidecar(path).ordering ?? null) : null,
    plan,
    problem: null,
  };
  return { description, files, alsoRead };
}

function weightBytesOf({ tensors }: Gguf): number {
  return tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
}

type Vision = Pick<Description, 'mmproj' | 'visionProblem' | 'visionChoices'> &
  Pick<DescribedFiles, 'alsoRead'>;

const LONGEST_PROBLEM = 1000;

/** The vision file that was named, else the one in the model's folder that fits. */
function describeVision(text: TextModel, named: string | undefined): Vision {
  if (named !== undefined) {
    const problem = visionRefusal(text, named);
    const mmproj = problem === null ? { path: named, bytes: statSync(named).size } : null;
    return { mmproj, visionProblem: problem, visionChoices: [], alsoRead: [named] };
  }
  const search = searchMmproj(text);
  const [only, second] = search.fitting;
  const problems =
    search.damaged.length > 0 || expectsVision(text) ? [...search.damaged, ...search.others] : [];
  const mmproj = only && !second ? { path: only.path, bytes: statSync(only.path).size } : null;
  return {
    mmproj,
    visionProblem: mmproj
      ? null
      : second
        ? 'several different vision files beside it fit'
        : problems[0]
          ? visibleLine(problems[0].error.message, LONGEST_PROBLEM)
          : null,
    visionChoices: second ? search.fitting.map(({ path }) => path) : [],
    alsoRead: [
      // where one may come to lie
      ...(mmproj === null && expectsVision(text) ? [dirname(text.path)] : []),
      ...[...search.fitting, ...problems].map(({ path }) => path),
    ],
  };
}

/** Why a vision file that was named can't be used. */
function visionRefusal(text: TextModel, path: string): string | null {
  try {
    const vision = readVisionModel(path);
    checkEncoderLayout(vision);
    checkPair(text, vision);
    return null;
  } catch (error) {
    if (!(error instanceof SnugError)) throw error;
    return visibleLine(error.message, LONGEST_PROBLEM);
  }
}

const LONGEST_RUNG = 20;

/** The plan that a fit wrote into its result (fit/luq-facts.ts). */
function planOf(gguf: Gguf): Description['plan'] {
  const rungs = metadataArray(gguf, 'luq.rungs');
  const lowLayers = metadataArray(gguf, 'luq.low_layers');
  const [high, low] = rungs ?? [];
  if (typeof high !== 'string' || typeof low !== 'string' || !lowLayers) return null;
  const family = metadataString(gguf, 'luq.plan.family');
  return {
    family: PLAN_FAMILIES.find((one) => one === family) ?? 'luq',
    lowLayers: lowLayers.length,
    rungs: { high: visibleLine(high, LONGEST_RUNG), low: visibleLine(low, LONGEST_RUNG) },
  };
}

type FilePlan = NonNullable<Description['plan']>;

/** What the layers have, in few words; a plan may hold more types than its two rungs. */
function layersLine(
  { gguf, layers, parameters }: Pick<TextModel, 'gguf' | 'layers' | 'parameters'>,
  { lowLayers, rungs, family }: FilePlan,
): string {
  if (family === 'source') return 'as it was';
  if (family === 'tensors') return `${((weightBytesOf(gguf) * 8) / parameters).toFixed(2)} bits per weight`;
  const types = metadataArray(gguf, 'luq.layer_rungs')?.filter((rung) => typeof rung === 'string');
  const [first, ...others] = new Set(types);
  if (first === undefined || !hasOtherRungs([first, ...others], rungs))
    return `${lowLayers} of ${layers} layers ${rungs.low}`;
  if (others.length === 0) return `all layers ${visibleLine(first, LONGEST_RUNG)}`;
  return `layers of ${others.length + 1} types`;
}

function metadataArray(gguf: Gguf, key: string): readonly unknown[] | undefined {
  const value = gguf.metadata.get(key)?.value;
  // one value a layer at most: what claims more no fit has written
  return typeof value === 'object' && value.length <= MOST_LAYERS ? value.values() : undefined;
}

import type { CalibratedWith, FitRequest } from '../contract/fit-request.ts';
import type { OnProgress } from '../contract/progress.ts';
import { loadAddon } from '../engine/addon.ts';
import type { Addon } from '../engine/native-types.ts';
import { modelsFolder } from '../home.ts';
import { openPlanner } from '../luq/plan/open-planner.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { loadNotes } from '../models/load-warnings.ts';
import { openMetadata } from '../models/open-model.ts';
import { readSource, sourceSha256, type ReadSource, type Source } from '../models/source.ts';
import { profileToPlan, type PlannedFor } from '../profile/laptop.ts';
import { chooseCalibratedWith } from './calibrate-with.ts';
import { resolveRequest, type CalibrationSettings, type ResolvedRequest } from './request.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface ContextOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** What any work on a model begins with: its headers read, this laptop looked at, the request settled. Enough to plan with. */
export interface ReadContext {
  readonly addon: Addon;
  readonly laptop: PlannedFor;
  readonly request: ResolvedRequest;
  readonly source: ReadSource;
  readonly planner: Planner;
  /** what the person should know of the model, this laptop and what was asked for */
  readonly notes: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnProgress | undefined;
}

/** … and the model identified by its content, so that what was done with it before is found. */
export interface FitContext extends ReadContext {
  readonly source: Source;
  readonly workspace: Workspace;
  readonly calibratedWith: CalibratedWith;
  /** as in CalibratedWithChoice */
  readonly calibrationGain: number;
}

/** The planner is of use until the context is disposed. */
export async function openContext(
  asked: FitRequest,
  { signal, onProgress }: ContextOptions,
): Promise<ReadContext & Disposable> {
  const { addon, backends } = loadAddon();
  const source = readSource(asked.modelPath, asked.mmprojPath);
  const laptop = await profileToPlan({ modelsFolder: modelsFolder(asked.home), ...backends });
  const request = resolveRequest(asked, source, laptop);
  using opened = new DisposableStack();
  const metadata = opened.use(await openMetadata(addon, source.text.path));
  const planner = await openPlanner({ addon, backends }, metadata, source, request);
  const notes = [
    ...source.warnings,
    ...request.notes,
    ...loadNotes(metadata.describe().warnings),
    ...laptop.warnings,
  ];
  const owned = opened.move();
  return {
    ...{ addon, laptop, request, source, planner, notes, signal, onProgress },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Hashes the model's files, and decides what to calibrate with. */
export async function identify(context: ReadContext): Promise<FitContext> {
  const { text, vision } = context.source;
  const sha256 = await sourceSha256(text.gguf, context.request.home, context);
  const visionSha256 = vision && (await sourceSha256(vision.gguf, context.request.home, context));
  const source = { ...context.source, sha256, visionSha256 };
  const workspace = openWorkspace(context.request.home, sha256);
  const of = { visionSha256, request: context.request };
  const { calibratedWith, gain, notes } = await chooseCalibratedWith(context, workspace, of);
  return {
    ...{ addon: context.addon, laptop: context.laptop, request: context.request, planner: context.planner },
    ...{ signal: context.signal, onProgress: context.onProgress },
    ...{ source, workspace, calibratedWith, calibrationGain: gain, notes: [...context.notes, ...notes] },
  };
}

export type CalibrationChange = Partial<Pick<CalibrationSettings, 'alpha' | 'clusters' | 'seed'>>;

/** The same work with another calibration. */
export function withCalibration(context: FitContext, change: CalibrationChange): FitContext {
  const { request } = context;
  return { ...context, request: { ...request, calibration: { ...request.calibration, ...change } } };
}

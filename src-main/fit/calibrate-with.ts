import { formatBytes } from '../contract/bytes.ts';
import type { CalibratedWith } from '../contract/fit-request.ts';
import type { Addon } from '../engine/native-types.ts';
import { freeDiskBytes } from '../files/disk.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import { tensorTypeId } from '../gguf/tensor-types.ts';
import { COPY_RUNG, copyTypes } from '../luq/calibrate/source-copy.ts';
import { countedExtra, extraBytes, layoutsOf } from '../luq/plan/loaded-weights.ts';
import { bytesWithTypes, type Mixture } from '../luq/plan/mixture.ts';
import type { Planner } from '../luq/plan/planner.ts';
import { layerOf } from '../models/model-file.ts';
import type { ReadSource } from '../models/source.ts';
import { batchSeconds } from '../profile/batch-speed.ts';
import { availableBytes } from '../profile/memory.ts';
import { foundCalibrations, type CalibrationOf } from './kept-calibration.ts';
import type { ResolvedRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

/** What is calibrated; a context has it. */
export interface Calibratable {
  readonly addon: Addon;
  readonly request: Pick<ResolvedRequest, 'calibration' | 'threads'>;
  readonly source: Pick<ReadSource, 'text'>;
  readonly planner: Pick<Planner, 'mixture'>;
  readonly signal: AbortSignal | undefined;
}

/** What calibrating through a copy of the source would take, and how it would be opened. */
export interface CopyNeeds {
  readonly types: Mixture;
  /** of disk, and about as many of memory */
  readonly bytes: number;
  /** whether it stays pages of its file, for want of memory */
  readonly mapped: boolean;
}

export function copyNeeds(
  { addon, planner, source }: Pick<Calibratable, 'addon' | 'planner' | 'source'>,
  available = availableBytes(),
): CopyNeeds {
  const { tensors } = source.text.gguf;
  const types = copyTypes(tensors, planner.mixture(COPY_RUNG));
  const bytes = bytesWithTypes(tensors, types);
  const loaded = bytes + extraBytes({ tensors, types }, countedExtra(layoutsOf(addon, tensors)));
  return { types, bytes, mapped: loaded > available };
}

export interface CalibratedWithChoice {
  readonly calibratedWith: CalibratedWith;
  /** how many times faster the products are than the source's; 1 where that was not timed */
  readonly gain: number;
  /** why a copy that would be faster is not made, for the person */
  readonly notes: readonly string[];
}

/** Products of a calibration, in multiplications: with fewer a copy saves less than a minute, and timing it takes some seconds. */
const LEAST_MULTIPLICATIONS = 5e12;
/** A copy has to be so many times faster, with the time it takes to make. */
const LEAST_GAIN = 1.15;
/** To read, round, write and read again, on a slow disk. */
const SECONDS_PER_COPIED_WEIGHT = 1.2e-8;
/** Free beside the copy: for the sample of outputs, and for whatever else is at work. */
const SPARE_DISK_BYTES = 2 ** 30;

/** What an open calibration goes on with, or else a new one begins with. */
export async function chooseCalibratedWith(
  context: Calibratable,
  workspace: Workspace,
  of: CalibrationOf,
  freeBytes = freeDiskBytes,
): Promise<CalibratedWithChoice> {
  const { through } = context.request.calibration;
  const { finished, begun } = foundCalibrations(workspace, of);
  const found = finished[0] ?? begun[0];
  const as = (calibratedWith: CalibratedWith, gain = 1, notes: string[] = []) => ({
    calibratedWith,
    gain,
    notes,
  });
  if (through !== 'auto') return as(through);
  if (finished[0]) return as(finished[0].calibratedWith);
  if (found?.calibratedWith === 'source' || multiplications(context) < LEAST_MULTIPLICATIONS)
    return as('source');
  const needs = copyNeeds(context);
  const room = roomNote(workspace.folder, needs.bytes, freeBytes(workspace.folder));
  if (found) return room === undefined ? as(found.calibratedWith) : as('source', 1, [room]);
  const gain = await gainOf(context, needs);
  if (gain < LEAST_GAIN) return as('source');
  return room === undefined ? as('q8_0', gain) : as('source', 1, [room]);
}

function roomNote(folder: string, bytes: number, free: number): string | undefined {
  const needed = bytes + SPARE_DISK_BYTES;
  return free >= needed
    ? undefined
    : `Calibrating would be faster through a copy of the source, which needs ${formatBytes(needed)} of disk in ${folder}; ${formatBytes(free)} are free.`;
}

function layerMatrices(tensors: readonly GgufTensor[]): GgufTensor[] {
  return tensors.filter(({ name, shape }) => shape.length > 1 && layerOf(name) !== undefined);
}

function weightsOf(tensors: readonly GgufTensor[]): number {
  return tensors.reduce((sum, { elements }) => sum + elements, 0);
}

function multiplications({ source, request }: Calibratable): number {
  return weightsOf(layerMatrices(source.text.gguf.tensors)) * request.calibration.tokens;
}

/** How many times faster a calibration is through the copy, which is made first. */
async function gainOf(context: Calibratable, { types, mapped }: CopyNeeds): Promise<number> {
  const { addon, source, request, signal } = context;
  const matrices = layerMatrices(source.text.gguf.tensors).filter(
    ({ name, type }) => types.get(name) !== type,
  );
  const widths = Map.groupBy(matrices, ({ shape: [columns = 1] }) => columns);
  const timed = new Map(
    [...widths].map(([columns, group]) => [
      columns,
      { rows: Math.max(...group.map(({ shape: [, rows = 1] }) => rows)), weights: weightsOf(group) },
    ]),
  );
  const [own, other] = [tensorTypeId(source.text.weightType), tensorTypeId(COPY_RUNG)];
  const kinds = [
    { type: own, asStored: true },
    { type: other, asStored: mapped },
  ];
  const { threads, calibration } = request;
  const [through = 0, throughCopy = Infinity] = await batchSeconds(addon, timed, kinds, { threads, signal });
  const making = weightsOf(matrices) * SECONDS_PER_COPIED_WEIGHT;
  return (through * calibration.tokens) / (throughCopy * calibration.tokens + making);
}

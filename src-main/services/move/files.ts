import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { writeFileAtomically } from '../../files/durable-files.ts';
import { isInside, realPath } from '../../files/paths.ts';
import { readSidecar, sidecarModes, sidecarPath, writeSidecar, type Sidecar } from '../../models/sidecar.ts';
import type { ModelRepository, ModelRow } from '../../store/models.ts';
import { insist } from '../../files/retry-refused.ts';
import { statsOf, ownStatsOf } from '../../files/stats.ts';

interface OneFile {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** A file of the library on its way to another folder, of a split model the first part. */
export interface MovingFile extends OneFile {
  /** its other parts: they go together or not at all */
  readonly others?: readonly OneFile[] | undefined;
}

/** All that goes together; the last is the one that the library knows, so that until it is there nothing is. */
export function allOf(file: MovingFile): readonly OneFile[] {
  return [...(file.others ?? []), file];
}

export function bytesOf(file: MovingFile): number {
  return allOf(file).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Whether all of it is in the new folder. */
export function hasArrived(file: MovingFile): boolean {
  return allOf(file).every(({ to, bytes }) => statsOf(to)?.size === bytes);
}

/**
 * Files below `folder` that the library works with, and where they go; links stay, for what they point to is elsewhere. `filesOf` tells the
 * files of a model.
 */
export function filesToMove(models: ModelRepository, { folder, target, filesOf }: MovingFrom): MovingFile[] {
  const real = realPath(folder);
  // vision files first: a model is never without the one it needs
  const rows = models.list().filter((row) => !row.builtIn);
  const paths = new Set([...rows.flatMap((row) => mmprojOf(row) ?? []), ...rows.map((row) => row.path)]);
  const others = new Map(rows.map((row) => [row.path, filesOf(row).filter((path) => path !== row.path)]));
  const moving = (from: string) => {
    const found = ownStatsOf(from);
    const place = join(realPath(dirname(from)), basename(from));
    if (!found?.isFile() || !isInside(real, place)) return undefined;
    return { from, to: join(target, relative(real, place)), bytes: found.size };
  };
  return [...paths].flatMap((path) => {
    const first = moving(path);
    const parts = (others.get(path) ?? []).map(moving);
    // where one part is a link, the model lies elsewhere
    if (!first || parts.includes(undefined)) return [];
    return [
      { ...first, ...(parts.length > 0 ? { others: parts.filter((part) => part !== undefined) } : {}) },
    ];
  });
}

interface MovingFrom {
  readonly folder: string;
  readonly target: string;
  readonly filesOf: (row: ModelRow) => readonly string[];
}

/** Whether a model of the library still needs this file: one may be removed while others are moved. */
export function isNeeded(models: ModelRepository, path: string): boolean {
  return existsSync(path) && models.list().some((row) => row.path === path || mmprojOf(row) === path);
}

function mmprojOf(row: ModelRow): string | undefined {
  return row.mmprojPath ?? sidecarOf(row.path)?.mmproj;
}

/** undefined when there is none, or none that can be read. */
function sidecarOf(modelPath: string): Sidecar | undefined {
  try {
    return readSidecar(modelPath);
  } catch {
    return undefined;
  }
}

/** Writes the sidecar of a model that is about to lie elsewhere; what it points to stays the same. */
export function carrySidecar({ from, to }: MovingFile): void {
  if (!statsOf(sidecarPath(from))?.isFile()) return;
  const sidecar = sidecarOf(from);
  if (sidecar) writeSidecar(to, sidecar, sidecarModes(from));
  else
    writeFileAtomically(
      sidecarPath(to),
      insist(() => readFileSync(sidecarPath(from))),
      sidecarModes(from),
    );
}

export function deleteSidecar(modelPath: string): void {
  rmSync(sidecarPath(modelPath), { force: true });
}

/** Makes everything that the library knows of `from` say `to`. Running it again changes nothing. */
export function repoint(models: ModelRepository, from: string, to: string): void {
  for (const row of [...models.list(), ...models.removed()]) {
    if (row.mmprojPath === from) models.setMmproj(row.id, to);
    const sidecar = sidecarOf(row.path);
    if (sidecar?.mmproj === from) writeSidecar(row.path, { ...sidecar, mmproj: to });
    if (row.path === from) models.setPath(row.id, to);
  }
}

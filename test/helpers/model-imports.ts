import { onTestFinished } from 'vitest';
import type { StartWorker } from '../../src-main/engine/worker-port.ts';
import { modelsFolder } from '../../src-main/home.ts';
import type { Machine } from '../../src-main/models/import/machine.ts';
import type { Activity } from '../../src-main/services/activity.ts';
import { BackgroundHasher } from '../../src-main/services/hashing/background.ts';
import type { EventBus } from '../../src-main/services/event-bus.ts';
import { ModelCopies } from '../../src-main/services/import/copies.ts';
import { ModelImports } from '../../src-main/services/import/model-imports.ts';
import type { ModelReader } from '../../src-main/services/model-reader.ts';
import type { Disk } from '../../src-main/services/move/disk.ts';
import { ModelFiles } from '../../src-main/store/model-files.ts';
import type { ModelRepository } from '../../src-main/store/models.ts';
import { madeUpMachine } from './made-up-machine.ts';

/** How models come into a library, on a machine without other apps unless it is given one; without waiting in the background. */
export function modelImports(parts: {
  home: string;
  models: ModelRepository;
  reader: ModelReader;
  activity: Activity;
  events: EventBus;
  start?: StartWorker;
  machine?: Machine;
  disk?: Disk;
  modelsFolder?: string;
  /** whether files are hashed before somebody asks */
  inBackground?: boolean;
}): { imports: ModelImports; files: ModelFiles; copies: ModelCopies } {
  const { home, activity, events, start, disk, machine = madeUpMachine({ platform: 'linux' }) } = parts;
  const files = ModelFiles.open(home);
  const startMilliseconds = parts.inBackground === false ? 3_600_000 : 0;
  const pace = { startMilliseconds, busyMilliseconds: 5, rest: 0 };
  const hashes = new BackgroundHasher({ files, activity, start, pace });
  const copies = new ModelCopies({
    folder: () => parts.modelsFolder ?? modelsFolder(home),
    home,
    files,
    events,
    activity,
    disk,
  });
  onTestFinished(() => files.close());
  return { imports: new ModelImports({ ...parts, files, hashes, copies, machine }), files, copies };
}

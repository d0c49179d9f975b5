import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ApiEvent } from '../../src-main/contract/api.ts';
import { thisMachine } from '../../src-main/models/import/machine.ts';
import { Activity } from '../../src-main/services/activity.ts';
import { BankFolders } from '../../src-main/services/bank.ts';
import { EventBus } from '../../src-main/services/event-bus.ts';
import { Library } from '../../src-main/services/library.ts';
import { ModelReader } from '../../src-main/services/model-reader.ts';
import type { Disk } from '../../src-main/services/move/disk.ts';
import { modelImports } from './model-imports.ts';
import { temporaryStore } from './store-parts.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { untilTestEnds } from './until-test-ends.ts';

/** A library of a person who has other apps: `person` is their own folder on this machine, `variables` their environment. */
export function libraryWithApps({
  variables = {},
  disk,
  modelsFolder,
}: {
  variables?: Readonly<Record<string, string>>;
  disk?: Disk;
  /** in the person's own folder */
  modelsFolder?: string;
} = {}) {
  const [home, person] = [temporaryFolder(), temporaryFolder()];
  const store = temporaryStore(join(home, 'store'));
  const { models } = store;
  const events = new EventBus();
  const told: ApiEvent[] = [];
  untilTestEnds(events.listen((event) => told.push(event)));
  const activity = new Activity(events);
  const reader = new ModelReader(undefined, 10_000);
  const machine = thisMachine(variables, person, person);
  const made = modelImports({
    ...{ home, models, reader, activity, events, machine },
    ...(disk ? { disk } : {}),
    ...(modelsFolder === undefined ? {} : { modelsFolder: join(person, modelsFolder) }),
  });
  const bank = new BankFolders(home, activity);
  const { imports } = made;
  const library = new Library({ models, events, bank, activity, reader, imports, home });
  onTestFinished(() => library.close());
  /** a folder of the person's, made */
  const folder = (...names: readonly string[]) => {
    const path = join(person, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  };
  return { ...made, library, models, activity, told, folder, home, person };
}

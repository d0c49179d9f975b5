import { beforeAll, it, vi } from 'vitest';
import { LADDER_TYPES } from '../../tools/demo-model/scores-file.ts';
import { demoFolder } from '../fixtures/demo.ts';
import { recordedVariant } from '../helpers/cpu-variants.ts';
import { expectAsRecorded } from '../helpers/demo-ladder.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// The demo model in every type of its ladder, down to one bit; test/integration/demo-model.test.ts has the first of them.

const work = sharedFolder();

// as `npm test` does: other processors round otherwise
beforeAll(() => {
  const variant = recordedVariant();
  if (variant !== undefined) vi.stubEnv('SNUG_CPU_VARIANT', variant);
});

it.each([...LADDER_TYPES])('the demo model is as far away and as right in %s as was recorded', (type) =>
  expectAsRecorded(demoFolder, work, type),
);

import { it } from 'vitest';
import { LADDER_TYPES } from '../../tools/demo-model/scores-file.ts';
import { demoFolder } from '../fixtures/demo.ts';
import { expectAsRecorded } from '../helpers/demo-ladder.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// The demo model in every type of its ladder, down to one bit; test/integration/demo-model.test.ts has the first of them.

const work = sharedFolder();

it.each([...LADDER_TYPES])('the demo model is as far away and as right in %s as was recorded', (type) =>
  expectAsRecorded(demoFolder, work, type),
);

import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { openModel } from '../../../src-main/models/open-model.ts';
import { DEMO_IMAGE_TOKENS, demoModel } from '../../fixtures/demo.ts';

const { addon } = loadAddon();
const MiB = 2 ** 20;

/** Bytes of this process's memory for which huge pages were asked for (proc_pid_smaps(5)). */
function askedForHugePages(): number {
  // a mapping's flags are its last line
  return readFileSync('/proc/self/smaps', 'utf8')
    .split(/(?<=^VmFlags:.*\n)/m)
    .filter((mapping) => /^VmFlags:.* hg\b/m.test(mapping))
    .reduce((sum, mapping) => sum + Number(/^Size:\s*(\d+) kB$/m.exec(mapping)?.[1]) * 1024, 0);
}

async function askedByLoading(mapped: boolean): Promise<number> {
  const before = askedForHugePages();
  using _ = await openModel(addon, { path: demoModel, limits: DEMO_IMAGE_TOKENS, threads: 1, mapped });
  return askedForHugePages() - before;
}

describe.runIf(existsSync('/sys/kernel/mm/transparent_hugepage/enabled'))('huge pages', () => {
  it('are asked for where weights are read into memory, and not for the pages of a file', async () => {
    const weights = statSync(demoModel).size;
    const asked = await askedByLoading(false);
    // what lies in one page with other things is left out
    expect(asked).toBeGreaterThan(weights - 5 * MiB);
    expect(asked).toBeLessThan(weights);
    expect(await askedByLoading(true)).toBe(0);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoModel } from '../../fixtures/demo.ts';

const script = join(import.meta.dirname, '..', '..', 'fixtures', 'huge-pages-in-child.ts');
const MiB = 2 ** 20;

/**
 * Bytes for which huge pages are asked for as the demo's model is opened. In a process of its own: where others were opened before, memory
 * that they gave back is used again, and was asked for already.
 */
function askedByLoading(how: 'mapped' | 'read'): number {
  return Number(execFileSync(process.execPath, [script, how], { encoding: 'utf8' }));
}

describe.runIf(existsSync('/sys/kernel/mm/transparent_hugepage/enabled'))('huge pages', () => {
  it('are asked for where weights are read into memory, and not for the pages of a file', () => {
    const weights = statSync(demoModel).size;
    const asked = askedByLoading('read');
    // what lies in one page with other things is left out
    expect(asked).toBeGreaterThan(weights - 5 * MiB);
    expect(asked).toBeLessThan(weights);
    expect(askedByLoading('mapped')).toBe(0);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensorDataBytes } from '../../../src-main/luq/plan/memory.ts';
import { readTextModel } from '../../../src-main/models/model-file.ts';
import { demoModel } from '../../fixtures/demo.ts';
import { SLIM_QWEN_7B, writeSparseQwenVl } from '../../fixtures/sparse-models.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

const script = join(import.meta.dirname, '..', '..', 'fixtures', 'huge-pages-in-child.ts');
const MiB = 2 ** 20;
const folder = sharedFolder();

/** Bytes for which huge pages are asked for as a model is opened, in a process of its own: its memory is used for nothing else. */
function askedByLoading(model: string, how: 'mapped' | 'read'): number {
  return Number(execFileSync(process.execPath, [script, model, how], { encoding: 'utf8' }));
}

describe.runIf(existsSync('/sys/kernel/mm/transparent_hugepage/enabled'))('huge pages', () => {
  it('are asked for where weights are read into memory, and not for the pages of a file', () => {
    const { model } = writeSparseQwenVl(folder, { ...SLIM_QWEN_7B, layers: 4 });
    const weights = tensorDataBytes(readTextModel(model).gguf.tensors);
    expect(weights).toBeGreaterThan(64 * MiB);
    const asked = askedByLoading(model, 'read');
    // what lies in one page with other things is left out
    expect(asked).toBeGreaterThan(weights - 5 * MiB);
    expect(asked).toBeLessThan(weights + MiB);
    expect(askedByLoading(model, 'mapped')).toBe(0);
  });

  it('are not asked for where little is allocated, which the heap would keep for other things', () => {
    expect(askedByLoading(demoModel, 'read')).toBe(0);
  });
});

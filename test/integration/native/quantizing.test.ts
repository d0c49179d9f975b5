import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import type { QuantizeTask } from '../../../src-main/engine/native-quantizing.ts';
import { seededRandom } from '../../../src-main/luq/random.ts';
import { tensorTypeId, tensorTypes } from '../../../src-main/gguf/tensor-types.ts';
import { quantizeTask } from '../../helpers/quantize-task.ts';
import { normal, writeRows } from '../../helpers/rows.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// The addon’s quantizing of tensors.

const { addon } = loadAddon();
const folder = sharedFolder();

describe('quantizing', () => {
  const COLUMNS = 512;
  const ROWS = 600;
  let source: string;
  const importance = Float32Array.from({ length: COLUMNS }, (_, i) => 0.1 + (i % 7));

  beforeAll(() => {
    const random = seededRandom(8);
    source = writeRows(
      folder,
      'weights.f32',
      Float32Array.from({ length: COLUMNS * ROWS }, () => normal(random) / 20),
    );
  });

  const task = (type: string, target: string, rest: Partial<QuantizeTask> = {}): QuantizeTask => ({
    ...quantizeTask({ source, columns: COLUMNS, rows: ROWS, importance }, { folder, target, type }),
    ...rest,
  });

  // several slabs of 128 rows each, so that two threads have something to share
  it.each(['Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ4_NL', 'IQ3_S', 'IQ1_M', 'F16'])(
    'to %s gives the same bytes with one thread and with two',
    async (type) => {
      await addon.quantizeTensor(task(type, `${type}-1`));
      await addon.quantizeTensor(task(type, `${type}-2`, { threads: 2 }));
      const bytes = readFileSync(join(folder, `${type}-1`));
      const { blockSize, blockBytes } = tensorTypes().find(({ name }) => name === type) ?? {
        blockSize: 1,
        blockBytes: 0,
      };
      expect(bytes).toHaveLength(((COLUMNS * ROWS) / blockSize) * blockBytes);
      expect(readFileSync(join(folder, `${type}-2`)).equals(bytes)).toBe(true);
    },
  );

  it.each([
    ['Q8_0', 0.01],
    ['Q6_K', 0.03],
    ['Q4_K', 0.1],
    ['Q2_K', 0.4],
    ['IQ1_M', 0.8],
  ])('to %s and back is as near as its bits allow', async (type, tolerance) => {
    const target = `${type}-back`;
    await addon.quantizeTensor(task(type, target));
    const back = addon.dequantize(tensorTypeId(type), readFileSync(join(folder, target)), COLUMNS * ROWS);
    const original = new Float32Array(readFileSync(source).buffer);
    const power = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
    const error = power(back.map((value, i) => value - (original[i] ?? 0)));
    expect(Math.sqrt(error / power(original))).toBeLessThan(tolerance);
  });

  it.each(['IQ1_M', 'IQ2_S', 'IQ3_XXS'])('to %s needs an importance matrix', async (type) => {
    const { importance: _, ...without } = task(type, 'without');
    await expect(addon.quantizeTensor(without)).rejects.toMatchObject({ code: 'NEEDS_IMPORTANCE' });
  });

  it('to Q4_K does without one', async () => {
    const { importance: _, ...without } = task('Q4_K', 'without');
    await expect(addon.quantizeTensor(without)).resolves.toBeUndefined();
  });

  it('needs an importance per column', async () => {
    const wrong = addon.quantizeTensor(task('Q4_K', 'wrong', { importance: new Float32Array(100).fill(1) }));
    await expect(wrong).rejects.toThrow(/100 values for 512/);
  });

  it('needs rows that divide into blocks', async () => {
    const wrong = addon.quantizeTensor(task('Q4_K', 'wrong', { columns: 320, rows: 10 }));
    await expect(wrong).rejects.toThrow(/rows of 320 values do not divide into blocks of q4_K/);
  });

  it('says when the source ends too early, is missing, or the target cannot be written', async () => {
    const short = addon.quantizeTensor(task('Q4_K', 'short', { rows: ROWS + 1 }));
    await expect(short).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining(source) as string,
    });
    const missing = addon.quantizeTensor(task('Q4_K', 'x', { sourcePath: join(folder, 'missing') }));
    await expect(missing).rejects.toMatchObject({ code: 'FILE' });
    const nowhere = addon.quantizeTensor(task('Q4_K', 'no-folder/x'));
    await expect(nowhere).rejects.toMatchObject({ code: 'CANNOT_WRITE' });
  });

  it.each(['Q4_K', 'IQ3_S'])('to %s can be stopped within a second', async (type) => {
    const rows = 30_000;
    const weights = readFileSync(source);
    const large = join(folder, 'large.f32');
    writeFileSync(large, Buffer.concat(Array.from({ length: rows / ROWS }, () => weights)));
    const flag = new addon.AbortFlag();
    let stoppedAt = 0;
    const running = addon.quantizeTensor(
      task(type, 'large', { sourcePath: large, rows, threads: 2 }),
      flag,
      () => {
        if (stoppedAt === 0) stoppedAt = performance.now();
        flag.set();
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    rmSync(large);
  });

  /** In a process of its own: where llama.cpp asserts, it ends the process. */
  function quantizeValues(type: string, weights: string, importances: string): string {
    const script = join(import.meta.dirname, '..', '..', 'fixtures', 'quantize-values.ts');
    const id = String(tensorTypeId(type));
    const child = spawnSync(process.execPath, [script, folder, id, weights, importances], {
      encoding: 'utf8',
    });
    return child.signal ?? child.stdout;
  }

  it.each(['Q4_K', 'Q6_K', 'Q8_0', 'IQ3_XXS'])('to %s says when the source is not finite', (type) => {
    for (const weights of ['one NaN', 'all NaN', 'infinite']) {
      expect(quantizeValues(type, weights, 'positive'), weights).toMatch(
        /^INCOHERENT: .*not finite, in row 0:/,
      );
    }
    expect(quantizeValues(type, 'last is -infinite', 'positive')).toMatch(
      /^INCOHERENT: .*not finite, in row 1:/,
    );
  });

  it('says when the importance matrix is not finite', () => {
    for (const importances of ['one NaN', 'infinite']) {
      expect(quantizeValues('IQ3_XXS', 'usual', importances), importances).toMatch(/^QUANTIZE: .*importance/);
    }
  });

  it.each(['Q4_K', 'Q2_K', 'IQ3_XXS'])('to %s takes zeros, in the weights and in the importance', (type) => {
    for (const [weights, importances] of [
      ['zero', 'positive'],
      ['zero block', 'positive'],
      ['usual', 'zero'],
      ['usual', 'zero block'],
      ['tiny', 'positive'],
    ] as const) {
      expect(quantizeValues(type, weights, importances), `${weights}, ${importances}`).toBe('quantized');
    }
  });
});

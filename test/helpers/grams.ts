import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeedTask } from '../../src-main/engine/native-quantizing.ts';
import { seededRandom } from '../../src-main/luq/random.ts';
import { normal } from './rows.ts';

/** Mean x·xᵀ [columns × columns] of tokens [tokens × columns]. */
export function gramOf(tokens: readonly Float32Array[], columns: number): Float32Array {
  const sums = new Float64Array(columns * columns);
  for (const x of tokens) {
    for (let i = 0; i < columns; i++) {
      const value = x[i] ?? 0;
      const row = i * columns;
      // what is not wanted of a zero is the time
      if (value !== 0) for (let j = i; j < columns; j++) sums[row + j]! += value * (x[j] ?? 0);
    }
  }
  const gram = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = i; j < columns; j++) {
      const mean = (sums[i * columns + j] ?? 0) / tokens.length;
      gram[i * columns + j] = mean;
      gram[j * columns + i] = mean;
    }
  }
  return gram;
}

export interface Spectrum {
  readonly columns: number;
  readonly tokens: number;
  /** the k-th eigenvalue of the inputs falls like k^-decay */
  readonly decay: number;
  readonly seed: number;
}

/** Tokens whose spectrum decays, in directions of their own, with channels of unequal size. `columns` is a power of two. */
export function tokensWithSpectrum({ columns, tokens, decay, seed }: Spectrum): Float32Array[] {
  const random = seededRandom(seed);
  const signs = [0, 1, 2].map(() => Float32Array.from({ length: columns }, () => (random() < 0.5 ? -1 : 1)));
  const sizes = Float32Array.from({ length: columns }, () => Math.exp(normal(random) / 2));
  return Array.from({ length: tokens }, () => {
    const x = Float32Array.from({ length: columns }, (_, k) => normal(random) * (k + 1) ** (-decay / 2));
    for (const sign of signs) {
      for (let i = 0; i < columns; i++) x[i]! *= sign[i] ?? 1;
      rotate(x);
    }
    for (let i = 0; i < columns; i++) x[i]! *= sizes[i] ?? 1;
    return x;
  });
}

/** The orthonormal Walsh–Hadamard transform, in place. */
function rotate(x: Float32Array): void {
  for (let half = 1; half < x.length; half *= 2) {
    for (let first = 0; first < x.length; first += 2 * half) {
      for (let i = first; i < first + half; i++) {
        const [a, b] = [x[i] ?? 0, x[i + half] ?? 0];
        x[i] = (a + b) * Math.SQRT1_2;
        x[i + half] = (a - b) * Math.SQRT1_2;
      }
    }
  }
}

/** A pair of gram files as calibration leaves them: of three quarters of the tokens, and of the rest. */
export function writeGrams(
  folder: string,
  name: string,
  { trained, heldOut }: { trained: readonly Float32Array[]; heldOut: readonly Float32Array[] },
): FeedTask {
  const [gramPath, heldOutPath] = [join(folder, `${name}.gram`), join(folder, `${name}.held-out.gram`)];
  writeFileSync(gramPath, bytesOf(trained));
  writeFileSync(heldOutPath, bytesOf(heldOut));
  return {
    name,
    gramPath,
    heldOutPath,
    blocks: trained.map(({ length }) => Math.sqrt(length)),
    dampings: Float32Array.of(0.01, 0.1),
    seed: 1,
  };
}

function bytesOf(blocks: readonly Float32Array[]): Uint8Array {
  return Buffer.concat(
    blocks.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
}

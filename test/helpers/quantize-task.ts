import { join } from 'node:path';
import type { QuantizeTask } from '../../src-main/engine/native-quantizing.ts';
import { tensorTypeId } from '../../src-main/gguf/tensor-types.ts';

/** A matrix of float32 rows in a file. */
interface Matrix {
  readonly source: string;
  readonly columns: number;
  readonly rows: number;
  readonly importance: Float32Array;
}

/** What the addon is asked to quantize the whole of it with one thread. */
export function quantizeTask(
  { source, ...matrix }: Matrix,
  { folder, target, type }: { readonly folder: string; readonly target: string; readonly type: string },
): QuantizeTask {
  return {
    ...matrix,
    sourcePath: source,
    sourceOffset: 0,
    sourceType: tensorTypeId('F32'),
    targetPath: join(folder, target),
    targetType: tensorTypeId(type),
    threads: 1,
  };
}

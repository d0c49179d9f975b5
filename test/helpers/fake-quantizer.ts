import { existsSync, writeFileSync } from 'node:fs';
import type { QuantizeTask } from '../../src-main/engine/native-quantizing.ts';
import type { Addon, AbortFlag, NativeProgress } from '../../src-main/engine/native-types.ts';
import { tensorBytes, tensorTypeName } from '../../src-main/gguf/tensor-types.ts';

/** An addon whose quantizer writes as many bytes as the type takes, all of them the type's id. */
export class FakeQuantizer {
  readonly tasks: QuantizeTask[] = [];
  /** run before a tensor is written: to fail or to cancel there */
  before: (task: QuantizeTask, abort: AbortFlag & { isSet: boolean }) => void = () => undefined;

  readonly addon = {
    AbortFlag: class {
      isSet = false;
      set() {
        this.isSet = true;
      }
    },
    quantizeTensor: (
      task: QuantizeTask,
      abort: AbortFlag & { isSet: boolean },
      onProgress: (event: NativeProgress) => void,
    ): Promise<void> =>
      new Promise((resolve) => {
        this.tasks.push(task);
        this.before(task, abort);
        const bytes = tensorBytes(task.targetType, task.columns, task.columns * task.rows) ?? 0;
        onProgress({ done: 1, total: 2 });
        writeFileSync(task.targetPath, new Uint8Array(bytes).fill(task.targetType));
        onProgress({ done: 2, total: 2 });
        resolve();
      }),
  } as unknown as Addon;

  /** what was quantized, in order: "blk.0.attn_q.weight.Q4_K.tmp" without its folder */
  get written(): string[] {
    return this.tasks.map(({ targetPath, targetType }) => {
      if (!existsSync(targetPath.replace(/\.tmp$/, ''))) return `(${tensorTypeName(targetType)} not kept)`;
      return (
        targetPath
          .split('/')
          .at(-1)
          ?.replace(/\.tmp$/, '') ?? ''
      );
    });
  }
}

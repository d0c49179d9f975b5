import type { GgufTensor } from '../../gguf/gguf.ts';
import { bytesIn, needsImportance, typesFor } from './ladder.ts';
import type { CostOf } from './prior.ts';
import type { Item } from './problem.ts';

export type Matrix = Pick<GgufTensor, 'name' | 'type' | 'shape' | 'elements'>;

/** What the choices of a model's matrices take, as far as it is known outside. `type`: ggml id. */
export interface Knowledge {
  /** nats that a tensor adds in a type that is not its own */
  readonly costs: CostOf;
  /** a token's time for multiplying with it; none where nobody asks for speed */
  readonly seconds?: ((matrix: Matrix, type: number) => number) | undefined;
  /** bytes where a plan pays for more than blocks, as for copies that llama.cpp arranges for the CPU; undefined: just the blocks */
  readonly bytes?: ((matrix: Matrix, type: number) => number | undefined) | undefined;
  /** whether the calibration has an importance matrix for it; for all when undefined */
  readonly hasImportance?: ((name: string) => boolean) | undefined;
}

/**
 * Each matrix with the types that it can be stored in: of the ladder what its rows divide into, with llama.cpp's fallbacks where they
 * don't, and the type that its source has, which costs nothing.
 */
export function itemsOf(
  matrices: readonly Matrix[],
  { costs, seconds, bytes, hasImportance }: Knowledge,
): Item[] {
  return matrices.map((matrix) => {
    const { name, type: source, shape, elements } = matrix;
    const columns = shape[0] ?? 1;
    const isWeighed = hasImportance?.(name) ?? true;
    const types = typesFor(columns, source).filter((type) => isWeighed || !needsImportance(type));
    const choices = types.map((type) => ({
      type,
      bytes: bytes?.(matrix, type) ?? bytesIn(type, columns, elements),
      cost: type === source ? 0 : costs(name, type),
      seconds: seconds?.(matrix, type) ?? 0,
    }));
    return { name, choices };
  });
}

import type { RivalTask } from '../../engine/native-quantizing.ts';
import type { WalkInputs } from '../gram/walk.ts';

/** The methods that LUQ's paper and its page compare it with, in the order of a table. */

/** Columns that share scales, and that BiLLM binarizes together; native/rivals/rivals.h. */
export const RIVAL_GROUP = 128;

export interface RivalMethod {
  /** as tables call it */
  readonly name: string;
  readonly native: Pick<RivalTask, 'method' | 'bits' | 'groups'>;
  /**
   * Where a layer's inputs come from: GPTQ's are those that the quantized layers below give (section 4), as BiLLM's are; AWQ looks at the
   * inputs of the source.
   */
  readonly inputs: WalkInputs;
}

function gptq(bits: number, groups: boolean): RivalMethod {
  return {
    name: `GPTQ ${bits}${groups ? ' g128' : ''}`,
    native: { method: 'gptq', bits, groups },
    inputs: 'quantized',
  };
}

export const RIVAL_METHODS: readonly RivalMethod[] = [
  ...[4, 3, 2].flatMap((bits) => [gptq(bits, false), gptq(bits, true)]),
  { name: 'AWQ 4 g128', native: { method: 'awq', bits: 4, groups: true }, inputs: 'source' },
  { name: 'BiLLM', native: { method: 'billm' }, inputs: 'quantized' },
];

import { layersRunAlone } from './layer-file.ts';
import { walkAlone } from './walk-alone.ts';
import { walkWhole } from './walk-whole.ts';
import { Walk, type Visit, type WalkInputs, type WalkOptions } from './walk.ts';

export interface WalkResult {
  /** where they came from: not every model's layers run alone, and then none is quantized meanwhile */
  readonly inputs: WalkInputs;
  readonly warnings: readonly string[];
}

/**
 * Goes through a model layer by layer and shows a visitor the grams of each layer's inputs, which are large: those of a layer are gone once
 * it was visited. A walk that was stopped goes on at the layer that it was at; one that came to its end leaves nothing.
 * @throws SnugError DISK_FULL, CANNOT_WRITE, CANCELLED; INCOHERENT where a value is not finite, with the tensor that it reached
 */
export async function walkLayers(options: WalkOptions, visit: Visit): Promise<WalkResult> {
  const isAlone = layersRunAlone(options.source);
  const walk = new Walk(options);
  await (isAlone ? walkAlone(walk, visit) : walkWhole(walk, visit));
  walk.end();
  const inputs = isAlone ? options.inputs : 'source';
  return { inputs, warnings: walk.warnings(inputs) };
}

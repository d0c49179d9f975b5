import { describe, expect, it } from 'vitest';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { writeSidecar } from '../../../src-main/models/sidecar.ts';
import { describeFiles } from '../../../src-main/models/describe-files.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const described = (path: string) => describeFiles(path, undefined).description;

describe('a fitted model is called by what its layers have', () => {
  it.each([
    ['1 of 2 layers IQ1_M', ['Q4_K_M', 'IQ1_M'], [1]],
    ['0 of 2 layers IQ1_M', ['Q4_K_M', 'Q4_K_M'], []],
    ['all layers Q3_K_M', ['Q3_K_M', 'Q3_K_M'], [0, 1]],
    ['layers of 2 types', ['Q6_K', 'IQ1_M'], [1]],
    // from before the rungs of layers were written
    ['1 of 2 layers IQ1_M', [], [1]],
  ])('%s', (name, layerRungs, lowLayers) => {
    const entries = [
      ggufEntry('luq.rungs', GgufType.string, ['Q4_K_M', 'IQ1_M']),
      ggufEntry('luq.low_layers', GgufType.uint32, lowLayers),
      ...(layerRungs.length > 0 ? [ggufEntry('luq.layer_rungs', GgufType.string, layerRungs)] : []),
    ];
    const { name: shown, kind } = described(writeTextModel(temporaryFolder(), { entries }));
    expect({ shown, kind }).toEqual({ shown: `Small, ${name}`, kind: 'fitted' });
  });
});

it('a model says in its sidecar in which order its layers should go low', () => {
  const path = writeTextModel(temporaryFolder());
  expect(described(path).ordering).toBeNull();
  writeSidecar(path, { ordering: 'edge-protected' });
  expect(described(path).ordering).toBe('edge-protected');
});

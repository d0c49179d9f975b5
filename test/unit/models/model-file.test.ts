import { describe, expect, it } from 'vitest';
import {
  checkPair,
  checkSourcePrecision,
  expectsVision,
  layerOf,
  readTextModel,
  readVisionModel,
} from '../../../src-main/models/model-file.ts';
import {
  layerTensors,
  number,
  text,
  writeTextModel,
  writeVisionModel,
  type TextModelSpec,
  type VisionModelSpec,
} from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const textModel = (spec: TextModelSpec = {}) => readTextModel(writeTextModel(temporaryFolder(), spec));
const visionModel = (spec: VisionModelSpec = {}) =>
  readVisionModel(writeVisionModel(temporaryFolder(), spec));

describe('a text model', () => {
  it('is described from its header', () => {
    const model = textModel({
      layers: 3,
      width: 64,
      entries: [text('tokenizer.chat_template', '{{ messages }}'), text('general.name', 'Tiny VL')],
    });
    expect(model).toMatchObject({
      name: 'Tiny VL',
      architecture: 'qwen2vl',
      layers: 3,
      embeddingLength: 64,
      trainingContextTokens: 2048,
      chatTemplate: '{{ messages }}',
      tiedOutput: true,
      weightType: 'F16',
      parameters: 64 * 8 + 3 * (64 + 64 * 64),
    });
  });

  it('with an output matrix of its own is not tied', () => {
    const tensors = [...layerTensors(2, 32), { name: 'output.weight', shape: [32, 8] }];
    expect(textModel({ tensors }).tiedOutput).toBe(false);
  });

  it.each(['qwen2vl', 'qwen3vl', 'gemma3', 'qwen2', 'llama'])(
    'of the architecture %s is read',
    (architecture) => {
      expect(textModel({ architecture }).architecture).toBe(architecture);
    },
  );

  it('of an architecture that Snug cannot fit is refused with those it can', () => {
    const error = thrown(() => textModel({ architecture: 'mamba' }));
    expect(error.code).toBe('UNSUPPORTED_MODEL');
    expect(error.message).toContain('mamba');
    expect(error.advice).toContain('qwen2vl');
  });

  it('that is a mixture of experts is refused', () => {
    const error = thrown(() => textModel({ entries: [number('qwen2vl.expert_count', 8)] }));
    expect(error.code).toBe('UNSUPPORTED_MODEL');
    expect(error.message).toContain('mixture of experts');
    expect(textModel({ entries: [number('qwen2vl.expert_count', 0)] }).layers).toBe(2);
  });

  it('that holds fewer or more layers than it says is broken', () => {
    const fewer = thrown(() => textModel({ entries: [number('qwen2vl.block_count', 5)] }));
    expect(fewer.code).toBe('BROKEN_GGUF');
    expect(fewer.message).toContain('5 layers and holds 2');
    expect(thrown(() => textModel({ entries: [number('qwen2vl.block_count', 1)] })).code).toBe('BROKEN_GGUF');
  });

  it('whose layers leave a gap is broken, though their number is right', () => {
    const tensors = [
      { name: 'blk.0.attn_q.weight', shape: [32, 32] },
      { name: 'blk.7.attn_q.weight', shape: [32, 32] },
    ];
    expect(thrown(() => textModel({ tensors })).code).toBe('BROKEN_GGUF');
  });

  it.each(['block_count', 'embedding_length', 'context_length'])(
    'that says nothing of its %s is broken',
    (key) => {
      const error = thrown(() => textModel({ entries: [text(`qwen2vl.${key}`, 'many')] }));
      expect(error.code).toBe('BROKEN_GGUF');
      expect(error.message).toContain(`qwen2vl.${key}`);
      expect(thrown(() => textModel({ entries: [number(`qwen2vl.${key}`, 0)] })).code).toBe('BROKEN_GGUF');
    },
  );
});

describe('a vision encoder', () => {
  it('is described from its header', () => {
    expect(visionModel({ width: 96 })).toMatchObject({
      name: 'Small encoder',
      projector: 'qwen2.5vl_merger',
      projectionLength: 96,
      parameters: 64 * 64 + 64 * 96,
    });
  });

  it('without a projector, or without pictures in mind, is refused', () => {
    const withoutProjector = thrown(() => visionModel({ entries: [number('clip.projector_type', 1)] }));
    expect(withoutProjector.code).toBe('UNSUPPORTED_MODEL');
    const forSound = thrown(() => visionModel({ entries: [text('clip.vision.block_count', 'none')] }));
    expect(forSound.code).toBe('UNSUPPORTED_MODEL');
  });
});

describe('swapped files', () => {
  it('an encoder given as the model', () => {
    const error = thrown(() => readTextModel(writeVisionModel(temporaryFolder())));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.advice).toContain('swapped');
  });

  it('a model given as the encoder', () => {
    const error = thrown(() => readVisionModel(writeTextModel(temporaryFolder())));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.advice).toContain('swapped');
  });
});

describe('whether a model was made to see', () => {
  const sees = (spec: TextModelSpec) => expectsVision({ ...textModel(spec), path: 'model.gguf' });

  it.each(['qwen2vl', 'qwen3vl'])('is told by the architecture %s', (architecture) => {
    expect(sees({ architecture })).toBe(true);
  });

  it('is told by Gemma 3’s size, as its smallest have no eyes', () => {
    expect(sees({ architecture: 'gemma3', layers: 26 })).toBe(false);
    expect(sees({ architecture: 'gemma3', layers: 34 })).toBe(true);
  });

  it('is told by the name of one that is like any other', () => {
    expect(sees({ architecture: 'llama' })).toBe(false);
    expect(sees({ architecture: 'llama', entries: [text('general.name', 'LLaVA 1.5')] })).toBe(true);
  });
});

describe('a pair', () => {
  it('of one width and kind belongs together', () => {
    expect(() => checkPair(textModel(), visionModel())).not.toThrow();
    const llava = textModel({ architecture: 'llama' });
    expect(() => checkPair(llava, visionModel({ projector: 'mlp' }))).not.toThrow();
  });

  it('of different widths does not', () => {
    const error = thrown(() => checkPair(textModel({ width: 32 }), visionModel({ width: 64 })));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toMatch(/width 64, .* takes 32/);
    expect(error.advice).toContain('published together');
  });

  it('of a projector and an architecture that it was not made for does not', () => {
    const error = thrown(() => checkPair(textModel({ architecture: 'llama' }), visionModel()));
    expect(error.code).toBe('WRONG_PAIR');
    expect(error.message).toContain('qwen2vl');
  });

  it('goes by what the projector produces, for LLaVA files state another width', () => {
    const llava = textModel({ architecture: 'llama', width: 32 });
    const stated = [number('clip.vision.projection_dim', 768)];
    const vision = visionModel({ projector: 'mlp', width: 32, entries: stated });
    expect(() => checkPair(llava, vision)).not.toThrow();
  });

  it('goes by the last projection, also when there are more than nine', () => {
    const tensors = [
      { name: 'mm.2.weight', shape: [64, 64] },
      { name: 'mm.10.weight', shape: [64, 32] },
    ];
    expect(() => checkPair(textModel(), visionModel({ tensors }))).not.toThrow();
  });

  it('goes by the stated width where the encoder names its projection otherwise', () => {
    const tensors = [{ name: 'resampler.proj.weight', shape: [64, 64] }];
    expect(() => checkPair(textModel(), visionModel({ tensors, width: 32 }))).not.toThrow();
  });

  it('of Gemma 3 goes by its projection, which lies on its side', () => {
    const tensors = [{ name: 'mm.input_projection.weight', shape: [32, 64] }];
    const vision = visionModel({ projector: 'gemma3', width: 8, tensors });
    expect(() => checkPair(textModel({ architecture: 'gemma3', width: 32 }), vision)).not.toThrow();
    expect(thrown(() => checkPair(textModel({ architecture: 'gemma3', width: 64 }), vision)).message).toMatch(
      /width 32, .* takes 64/,
    );
  });

  it('of Qwen3-VL must agree on how many layers hear of a picture', () => {
    const text3 = (deep: number) =>
      textModel({
        architecture: 'qwen3vl',
        layers: 4,
        entries: [number('qwen3vl.n_deepstack_layers', deep)],
      });
    const vision = visionModel({
      projector: 'qwen3vl_merger',
      tensors: [
        { name: 'mm.2.weight', shape: [64, 32] },
        ...[1, 3].map((layer) => ({ name: `v.deepstack.${layer}.fc1.weight`, shape: [64, 64] })),
      ],
    });
    expect(() => checkPair(text3(2), vision)).not.toThrow();
    expect(thrown(() => checkPair(text3(3), vision)).message).toMatch(/width 96, .* takes 128/);
  });

  it.each(['new_merger', 'constructor', '__proto__'])(
    'of a projector not known to Snug (%s) is left to llama.cpp to judge',
    (projector) => {
      expect(() => checkPair(textModel(), visionModel({ projector }))).not.toThrow();
    },
  );
});

describe('the precision of a source', () => {
  it.each(['F16', 'F32', 'BF16'])('%s is taken silently', (type) => {
    expect(checkSourcePrecision(textModel({ type }))).toBeUndefined();
  });

  it('Q8_0 is taken with a warning', () => {
    expect(checkSourcePrecision(textModel({ type: 'Q8_0' }))).toContain('already quantized to Q8_0');
  });

  it.each(['Q4_0', 'Q4_K', 'IQ2_XXS'])('%s is refused with what to start from', (type) => {
    const error = thrown(() => checkSourcePrecision(textModel({ type, width: 256 })));
    expect(error.code).toBe('ALREADY_QUANTIZED');
    expect(error.message).toContain(type);
    expect(error.advice).toContain('F16');
  });

  it('goes by most weights, not by a few norms or embeddings', () => {
    const tensors = [
      ...layerTensors(2, 256, 'Q4_K'),
      { name: 'token_embd.weight', shape: [256, 8], type: 'F16' },
    ];
    expect(thrown(() => checkSourcePrecision(textModel({ tensors, width: 256 }))).message).toContain('Q4_K');
  });
});

it('a tensor belongs to the layer its name says', () => {
  expect(layerOf('blk.0.attn_q.weight')).toBe(0);
  expect(layerOf('blk.27.ffn_down.weight')).toBe(27);
  for (const name of ['token_embd.weight', 'output.weight', 'v.blk.3.ln1.weight', 'blk.x.a', 'blk.5']) {
    expect(layerOf(name), name).toBeUndefined();
  }
});

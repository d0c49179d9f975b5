import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GgufType, readGguf } from '../../../src-main/gguf/gguf.ts';
import { encodeGguf, ggufEntry } from '../../../src-main/gguf/writer.ts';
import { completedHeader, completionNote, impliedEntries } from '../../../src-main/models/complete-vision.ts';
import { readVisionModel, type VisionModel } from '../../../src-main/models/model-file.ts';
import { writeLlava } from '../../fixtures/models.ts';
import { ggufTensor, text, zeroTensor } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

const yes = (key: string, value = true) => ggufEntry(key, GgufType.bool, value);
const LLAVA = yes('clip.has_llava_projector');

function written(entries: readonly ReturnType<typeof text>[], tensors: readonly string[]): string {
  const path = join(temporaryFolder(), 'mmproj.gguf');
  const zeros = tensors.map((name) => zeroTensor({ name: `${name}.weight`, shape: [32, 32] }));
  writeFileSync(path, encodeGguf([text('general.architecture', 'clip'), ...entries], zeros));
  return path;
}

const implied = (...of: Parameters<typeof written>) =>
  impliedEntries(readGguf(written(...of))).map(({ key, value }) => [key, value]);

describe('a vision file that does not say which projector it holds', () => {
  it.each([
    ['LLaVA-1.5', ['mm.0', 'mm.2']],
    ['LLaVA of Yi, with norms between', ['mm.0', 'mm.1', 'mm.3', 'mm.4']],
  ])('holds that of %s where its tensors say so', (_, tensors) => {
    expect(implied([LLAVA], tensors)).toEqual([['clip.projector_type', 'mlp']]);
  });

  it.each([
    ['says that it has none of LLaVA’s', [yes('clip.has_llava_projector', false)], ['mm.0', 'mm.2']],
    ['does not say that it has LLaVA’s', [], ['mm.0', 'mm.2']],
    ['says so in another type', [text('clip.has_llava_projector', 'true')], ['mm.0', 'mm.2']],
    ['has one matrix alone', [LLAVA], ['mm.0']],
    ['has other tensors', [LLAVA], ['mm.model.mlp.0', 'mm.model.mlp.2']],
  ])('is left as it is where it %s', (_, entries, tensors) => {
    expect(implied(entries, tensors)).toEqual([]);
    expect(thrown(() => readVisionModel(written(entries, tensors)))).toMatchObject({
      code: 'UNSUPPORTED_MODEL',
    });
  });

  it.each(['clip.projector_type', 'clip.vision.projector_type'])('is no file that says its %s', (key) => {
    expect(implied([LLAVA, text(key, 'ldp')], ['mm.0', 'mm.2'])).toEqual([]);
  });
});

describe('the header of a completed copy', () => {
  it('makes, with the weights behind it, the file that a newer converter writes', () => {
    const folder = temporaryFolder();
    const { mmproj } = writeLlava(folder, { year: 2023 });
    const vision = readVisionModel(mmproj);
    const header = completedHeader(vision);
    const published = readFileSync(mmproj);
    const copy = join(folder, 'copy.gguf');
    writeFileSync(
      copy,
      Buffer.concat([header?.bytes ?? new Uint8Array(), published.subarray(header?.replaces)]),
    );
    const completed = readVisionModel(copy);
    expect(completedHeader(completed)).toBeUndefined();
    expect(completionNote(completed)).toBeUndefined();
    expect(completed.projector).toBe('mlp');
    const weights = ({ path, gguf }: VisionModel) =>
      gguf.tensors.map(({ name, shape, type, offset, bytes }) => {
        const data = readFileSync(path).subarray(offset, offset + bytes);
        return { name, shape, type, data: data.toString('base64') };
      });
    expect(weights(completed)).toEqual(weights(vision));
  });

  it('is not made for a file with gaps, which llama.cpp would not take', () => {
    const vision = readVisionModel(writeLlava(temporaryFolder(), { year: 2023 }).mmproj);
    const [first, ...others] = vision.gguf.tensors;
    const apart = others.map((tensor) => ({ ...tensor, offset: tensor.offset + 4096 }));
    const gguf = { ...vision.gguf, tensors: [first ?? ggufTensor({ name: 'a', shape: [1] }), ...apart] };
    expect(thrown(() => completedHeader({ ...vision, gguf }))).toMatchObject({ code: 'BROKEN_GGUF' });
  });
});

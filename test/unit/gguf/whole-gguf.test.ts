import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GgufType, readGguf } from '../../../src-main/gguf/gguf.ts';
import { hashGguf } from '../../../src-main/gguf/hash-gguf.ts';
import { readWholeGguf } from '../../../src-main/gguf/whole-gguf.ts';
import { ggufEntry } from '../../../src-main/gguf/writer.ts';
import { demoModel } from '../../fixtures/demo.ts';
import { partEntries, splitModel, uint16 } from '../../fixtures/split-model.ts';
import { writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

/** A small model of ten tensors and its three parts, in a folder each. */
function small({ layers = 4 } = {}) {
  const whole = writeTextModel(temporaryFolder(), { layers });
  const folder = temporaryFolder();
  return { whole, folder, parts: splitModel(whole, folder, { stem: 'vl' }) };
}

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const refusal = (path: string) => {
  const error = thrown(() => readWholeGguf(path));
  expect(error.code).toBe('BROKEN_GGUF');
  return error;
};

describe('a split model', () => {
  it.each([{ emptyFirst: false }, { emptyFirst: true }])('reads as the whole ($emptyFirst)', (options) => {
    const whole = writeTextModel(temporaryFolder(), { layers: 4 });
    const parts = splitModel(whole, temporaryFolder(), options);
    const unsplit = readGguf(whole);
    for (const given of parts) {
      const { path, metadata, tensors, files, fileBytes } = readWholeGguf(given);
      expect(path).toBe(parts[0]);
      expect(files.map((file) => file.path)).toEqual(parts);
      expect(fileBytes).toBe(parts.reduce((sum, part) => sum + readFileSync(part).length, 0));
      expect([...metadata.keys()]).toEqual([...unsplit.metadata.keys()]);
      const shown = ({ name, shape, type, bytes }: (typeof tensors)[number]) => ({
        name,
        shape,
        type,
        bytes,
      });
      expect(tensors.map(shown)).toEqual(unsplit.tensors.map(shown));
    }
  });

  it('finds each tensor’s weights in the part that holds them', () => {
    const parts = splitModel(demoModel, temporaryFolder());
    const file = readFileSync(demoModel);
    const from = new Map(parts.map((path) => [path, readFileSync(path)]));
    const unsplit = readGguf(demoModel).tensors;
    for (const [i, { path, offset, bytes }] of readWholeGguf(parts[1] ?? '').tensors.entries()) {
      const start = unsplit[i]?.offset ?? 0;
      const weights = from.get(path)?.subarray(offset, offset + bytes);
      expect(weights?.equals(file.subarray(start, start + bytes))).toBe(true);
    }
  });

  it('has the hash of the file that it was split from, with progress, and can be stopped', async () => {
    for (const emptyFirst of [false, true]) {
      const [first = ''] = splitModel(demoModel, temporaryFolder(), { emptyFirst });
      const told: number[] = [];
      const gguf = readWholeGguf(first);
      const hash = await hashGguf(gguf, { onProgress: (done) => told.push(done) });
      expect(hash).toBe(sha256(demoModel));
      expect(told.at(-1)).toBe(readFileSync(demoModel).length);
      const signal = AbortSignal.abort();
      await expect(hashGguf(gguf, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    }
  });

  it('of another content has another hash', async () => {
    const { parts } = small();
    const before = await hashGguf(readWholeGguf(parts[0] ?? ''));
    const last = readFileSync(parts[2] ?? '');
    last[last.length - 40] = 1;
    writeFileSync(parts[2] ?? '', last);
    expect(await hashGguf(readWholeGguf(parts[0] ?? ''))).not.toBe(before);
  });

  it('that is written while it is hashed has none', async () => {
    const parts = splitModel(demoModel, temporaryFolder());
    const gguf = readWholeGguf(parts[0] ?? '');
    const hashing = hashGguf(gguf, {
      onProgress: (done) => done > 2e6 && utimesSync(parts[2] ?? '', 1, done),
    });
    await expect(hashing).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining('changed while it was read') as string,
    });
  });

  it('that became shorter while it is hashed is told', async () => {
    const { parts } = small();
    const gguf = readWholeGguf(parts[0] ?? '');
    truncateSync(parts[2] ?? '', 400);
    await expect(hashGguf(gguf)).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining('became shorter') as string,
    });
  });

  it('shows whoever watches its first part as the whole, once', () => {
    const { whole, parts } = small();
    for (const given of parts) {
      const seen: [string, number][] = [];
      readWholeGguf(given, { onMetadata: ({ path, tensorCount }) => seen.push([path, tensorCount]) });
      expect(seen).toEqual([[parts[0], readGguf(whole).tensors.length]]);
    }
  });
});

describe('parts that do not make a model are told apart', () => {
  it('one that is missing, whichever is given', () => {
    const { parts, folder } = small();
    rmSync(parts[1] ?? '');
    for (const given of [parts[0], parts[2]]) {
      const { message, advice } = refusal(given ?? '');
      expect(message).toContain('split over 3 files, and 1 file of them is missing (vl-00002-of-00003.gguf)');
      expect(advice).toContain(folder);
    }
    rmSync(parts[0] ?? '');
    expect(refusal(parts[2] ?? '').message).toContain(
      '2 files of them are missing (vl-00001-of-00003.gguf, vl-00002',
    );
  });

  it('one that was cut off, by its own name', () => {
    const { parts } = small();
    truncateSync(parts[1] ?? '', readFileSync(parts[1] ?? '').length - 64);
    const { message } = refusal(parts[0] ?? '');
    expect(message).toContain('vl-00002-of-00003.gguf is not complete');
  });

  it('one that is a web page', () => {
    const { parts } = small();
    writeFileSync(parts[1] ?? '', '<!doctype html><html></html>');
    const error = thrown(() => readWholeGguf(parts[0] ?? ''));
    expect(error.code).toBe('NOT_GGUF');
    expect(error.message).toContain('vl-00002-of-00003.gguf');
  });

  it.each([
    [
      'a copy of another part',
      'holds part 1, and not 2',
      (parts: string[]) => copyFileSync(parts[0] ?? '', parts[1] ?? ''),
    ],
    [
      'a whole model',
      'is not a part of a split model',
      (parts: string[]) => copyFileSync(writeTextModel(temporaryFolder()), parts[1] ?? ''),
    ],
    [
      'a part of a model split otherwise',
      'is one of 2 parts, and not of 3',
      (parts: string[]) =>
        copyFileSync(
          splitModel(writeTextModel(temporaryFolder()), temporaryFolder(), { parts: 2 })[1] ?? '',
          parts[1] ?? '',
        ),
    ],
    [
      'a part of a model with other tensors',
      'is of a model with 13 tensors, and others are of one with 9',
      (parts: string[]) => copyFileSync(small({ layers: 6 }).parts[1] ?? '', parts[1] ?? ''),
    ],
  ])('%s in the place of one', (_, what, change) => {
    const { parts } = small();
    change(parts);
    const { message, advice } = refusal(parts[0] ?? '');
    expect(message).toContain('do not belong together');
    expect(message).toContain(what);
    expect(advice).toContain('from one repository');
  });

  it('two that hold the same tensor, and too few tensors', () => {
    const whole = writeTextModel(temporaryFolder(), { layers: 4 });
    const folder = temporaryFolder();
    const [first = '', second = ''] = splitModel(whole, folder, { parts: 2, stem: 'vl' });
    const other = splitModel(whole, temporaryFolder(), {
      parts: 2,
      emptyFirst: true,
      stem: 'vl',
    });
    const kept = readFileSync(second);
    copyFileSync(other[1] ?? '', second);
    expect(refusal(first).message).toContain('both hold the tensor token_embd.weight');
    writeFileSync(second, kept);
    copyFileSync(other[0] ?? '', first);
    expect(refusal(second).message).toContain('hold 4 tensors, and should hold 9');
  });

  it('one by a name that does not say which it is', () => {
    const { parts, folder } = small();
    const renamed = join(folder, 'first.gguf');
    renameSync(parts[0] ?? '', renamed);
    const { message, advice } = refusal(renamed);
    expect(message).toContain('is part 1 of 3 of a split model, and its name does not say so');
    expect(advice).toContain('…-00001-of-00003.gguf');
    renameSync(parts[2] ?? '', parts[0] ?? '');
    expect(refusal(parts[0] ?? '').message).toContain('is part 3 of 3 of a split model');
  });

  it.each([
    [
      'a number of another type, which would end llama.cpp',
      'its split.no is missing or of another type',
      { no: ggufEntry('split.no', GgufType.uint32, 0) },
    ],
    [
      'no number of tensors',
      'its split.tensors.count is missing',
      { tensors: uint16('split.tensors.count', 9) },
    ],
    ['a number past the last', 'says that it is part 8 of 3', { no: uint16('split.no', 7) }],
    [
      'more parts than anybody makes',
      'says that it is part 1 of 60000',
      { count: uint16('split.count', 60_000) },
    ],
  ])('one with %s', (_, what, wrong) => {
    const whole = writeTextModel(temporaryFolder());
    const [first = ''] = splitModel(whole, temporaryFolder(), {
      says: (facts) => {
        const [no, count, tensors] = partEntries(facts);
        const said = { no, count, tensors, ...(facts.number === 0 ? wrong : {}) };
        return Object.values(said).filter((entry) => entry !== undefined);
      },
    });
    expect(refusal(first).message).toContain(what);
  });
});

it('a joined file, which says that it has no parts, is one like any other', () => {
  const path = writeTextModel(temporaryFolder(), {
    entries: [uint16('split.no', 0), uint16('split.count', 0)],
  });
  expect(readWholeGguf(path).files).toEqual([{ path, bytes: readFileSync(path).length }]);
});

it('a whole file that is called as a part is read alone', () => {
  const folder = temporaryFolder();
  const path = writeTextModel(folder, {}, 'odd-00002-of-00003.gguf');
  appendFileSync(join(folder, 'odd-00001-of-00003.gguf'), 'something else');
  expect(readWholeGguf(path).files.map((file) => basename(file.path))).toEqual([basename(path)]);
});

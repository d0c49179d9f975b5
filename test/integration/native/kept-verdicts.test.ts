import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// A process compares Snug's quantizer to a type with ggml's, which builds tables for seconds for that, only where none before it has.

const folder = sharedFolder();
const home = join(folder, 'home');
const kept = join(home, 'work', 'quantizers.json');
const script = join(import.meta.dirname, '..', '..', 'fixtures', 'quantizers-in-child.ts');
/** The quickest of the types for which ggml builds tables; the correction of its scales stands once in ggml's library. */
const TYPE = 'IQ3_S';
const CORRECTION = 1.033;

interface Outcome {
  readonly byGgml: boolean;
  readonly own: boolean;
  readonly blocks: string;
}

function quantize(environment: Readonly<Record<string, string>> = {}): Outcome {
  const child = spawnSync(process.execPath, [script, folder, TYPE], {
    encoding: 'utf8',
    env: { ...process.env, SNUG_HOME: home, SNUG_QUANTIZERS: '', ...environment },
  });
  expect(child.status, child.stderr).toBe(0);
  return JSON.parse(child.stdout) as Outcome;
}

/** ggml's library with another correction of scales, in a folder of its own. */
function changedLibrary(): string {
  const path = loadAddon().addon.quantizerFiles().files[0] ?? '';
  const bytes = readFileSync(path);
  const at = bytes.indexOf(new Uint8Array(Float32Array.of(CORRECTION).buffer));
  expect(at).toBeGreaterThan(0);
  bytes.writeFloatLE(1.5, at);
  const changed = join(folder, 'changed');
  mkdirSync(changed);
  writeFileSync(join(changed, 'libggml-base.so'), bytes);
  return changed;
}

// elsewhere ggml's quantizers make all blocks, and nothing is compared
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('What was compared', () => {
  let first: Outcome;
  let content: string;

  beforeAll(() => {
    first = quantize();
    content = readFileSync(kept, 'utf8');
  });

  it('is kept by the process that compared', () => {
    expect(first).toMatchObject({ byGgml: true, own: true });
    expect(JSON.parse(content)).toEqual([
      {
        madeBy: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        compared: [{ type: tensorTypeId(TYPE), same: true }],
      },
    ]);
  });

  it('is not compared again: the next process calls no quantizer of ggml, so no tables are built', () => {
    expect(quantize()).toEqual({ ...first, byGgml: false });
  });

  it('is compared again where the file is missing, damaged, or of another form', () => {
    rmSync(kept);
    expect(quantize()).toEqual(first);
    for (const broken of [content.slice(0, -9), '{}', content.replace('true', '"yes"'), '\0'.repeat(200)]) {
      writeFileSync(kept, broken);
      expect(quantize(), broken).toEqual(first);
      expect(readFileSync(kept, 'utf8')).toBe(content);
    }
  });

  it('with a difference is believed, too: ggml quantizes', () => {
    writeFileSync(kept, content.replace('true', 'false'));
    expect(quantize()).toEqual({ ...first, byGgml: true, own: false });
  });

  it('with other libraries, or for another processor, says nothing', () => {
    writeFileSync(kept, content.replace(/"madeBy":"./, '"madeBy":"-'));
    expect(quantize()).toEqual(first);
    writeFileSync(kept, content);
    const other = process.env['SNUG_CPU_VARIANT'] === 'sse42' ? 'x64' : 'sse42';
    expect(quantize({ SNUG_CPU_VARIANT: other })).toEqual(first);
    const madeBy = (JSON.parse(readFileSync(kept, 'utf8')) as { madeBy: string }[]).map(
      (entry) => entry.madeBy,
    );
    expect(new Set(madeBy).size).toBe(2);
  });

  it('with a llama.cpp that makes other blocks is found to differ, and that one makes them', () => {
    writeFileSync(kept, content);
    const library = { LD_LIBRARY_PATH: changedLibrary() };
    const changed = quantize(library);
    expect(changed).toMatchObject({ byGgml: true, own: false });
    expect(changed.blocks).not.toBe(first.blocks);
    expect(quantize(library)).toEqual(changed);
    // what was found with the other library still holds
    expect(quantize()).toEqual({ ...first, byGgml: false });
  });

  it('is kept nowhere where nothing can be written, and the blocks are there all the same', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(quantize({ SNUG_HOME: file })).toEqual(first);
  });
});

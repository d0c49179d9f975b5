import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/engine/addon.ts';
import { tensorTypeId } from '../../../src-main/models/tensor-types.ts';
import { WHO_ARE_YOU } from '../../fixtures/demo.ts';
import { sharedFolder } from '../../helpers/temporary-folder.ts';

// What the addon makes of the processor: kernel speeds and builds of llama.cpp for it.

const { addon } = loadAddon();
const folder = sharedFolder();

describe('the kernel probe', () => {
  const probe = (type: string, columns: number, rows: number) =>
    addon.probeProduct({
      type: tensorTypeId(type),
      columns,
      rows,
      workingSetBytes: 4 * 2 ** 20,
      seconds: 0.02,
      threads: 1,
    });

  it.each(['F32', 'F16', 'BF16', 'Q8_0', 'Q6_K', 'Q4_K', 'Q2_K', 'IQ1_M'])('measures %s', async (type) => {
    const bytesPerSecond = await probe(type, 512, 512);
    expect(bytesPerSecond).toBeGreaterThan(1e6);
    expect(bytesPerSecond).toBeLessThan(1e13);
  });

  it('refuses a shape that the type cannot have', async () => {
    await expect(probe('Q4_K', 320, 16)).rejects.toMatchObject({ code: 'PROBE' });
    await expect(probe('Q4_K', 512, 0)).rejects.toMatchObject({ code: 'PROBE' });
  });
});

describe('CPU variants', () => {
  const build = join(import.meta.dirname, '..', '..', '..', 'native', 'build');
  const { libraries } = JSON.parse(readFileSync(join(build, 'libraries.json'), 'utf8')) as {
    libraries: string;
  };
  const shipped = join(build, libraries);
  const isVariant = (name: string) => /ggml-cpu-\w+\.(so|dll|dylib)$/.test(name);
  const variants = readdirSync(shipped).filter(isVariant);

  /** What a process makes of a folder that has one variant only. */
  function answerWith(variant: string | undefined): { answer?: string; features?: string[]; code?: string } {
    const only = join(folder, `libraries-${variant ?? 'none'}`);
    mkdirSync(only);
    for (const name of readdirSync(shipped)) {
      if (!isVariant(name) || name === variant) symlinkSync(join(shipped, name), join(only, name));
    }
    const script = join(import.meta.dirname, '..', '..', 'fixtures', 'answer-in-child.ts');
    const child = spawnSync(process.execPath, [script, only], { encoding: 'utf8' });
    expect(child.signal, `${variant}: ${child.stderr}`).toBeNull();
    return JSON.parse(child.stdout) as ReturnType<typeof answerWith>;
  }

  it.runIf(variants.length > 0)(
    'answer alike where this CPU runs them, and are left alone where it does not',
    () => {
      const outcomes = variants.map((variant) => answerWith(variant));
      const ran = outcomes.filter(({ code }) => code === undefined);
      expect(ran.length).toBeGreaterThan(0);
      for (const { answer } of ran) expect(answer).toBe(WHO_ARE_YOU);
      for (const { code } of outcomes) expect([undefined, 'UNSUPPORTED_CPU']).toContain(code);
      const { cpuFeatures } = loadAddon().backends;
      // the one chosen among all is the best of those that run
      expect(Math.max(...ran.map(({ features }) => features?.length ?? 0))).toBe(cpuFeatures.length);
    },
  );

  it('are missed when there is none', () => {
    expect(answerWith(undefined)).toMatchObject({ code: 'UNSUPPORTED_CPU' });
  });
});

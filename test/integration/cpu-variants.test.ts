import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuVariants } from '../../src-main/engine/build.ts';
import { WHO_ARE_YOU } from '../fixtures/demo.ts';
import { sharedFolder } from '../helpers/temporary-folder.ts';

// Every build of llama.cpp for a processor family that the package ships, on this processor.

const root = join(import.meta.dirname, '..', '..');
const build = join(root, 'native', 'build');
const { libraries } = JSON.parse(readFileSync(join(build, 'libraries.json'), 'utf8')) as {
  libraries: string;
};
const shipped = join(build, libraries);
const variants = cpuVariants();

interface Loaded {
  readonly answer?: string;
  readonly variant?: string;
  readonly features?: string[];
  readonly code?: string;
  readonly advice?: string;
  readonly message?: string;
}

/** What a process makes of a folder of libraries, with or without a variant asked for. */
function answerWith(folder: string, variant = ''): Loaded {
  const script = join(root, 'test', 'fixtures', 'answer-in-child.ts');
  const env = { ...process.env, SNUG_CPU_VARIANT: variant };
  const child = spawnSync(process.execPath, [script, folder], { encoding: 'utf8', env });
  expect(child.signal, `${variant}: ${child.stderr}`).toBeNull();
  return JSON.parse(child.stdout) as Loaded;
}

describe.runIf(variants.length > 0)('CPU variants', () => {
  it('answer alike where this CPU runs them, and are left alone where it does not', () => {
    const outcomes = variants.map((asked) => ({ asked, ...answerWith(shipped, asked) }));
    const ran = outcomes.filter(({ code }) => code === undefined);
    expect(ran.length).toBeGreaterThan(0);
    for (const { answer, asked, variant } of ran) {
      expect(answer).toBe(WHO_ARE_YOU);
      expect(variant).toBe(asked);
    }
    for (const { code } of outcomes) expect([undefined, 'UNSUPPORTED_CPU']).toContain(code);
    // the one chosen among all is the best of those that run
    const best = Math.max(...ran.map(({ features }) => features?.length ?? 0));
    expect(answerWith(shipped).features).toHaveLength(best);
  });

  it('that are not there are refused with the names of those that are', () => {
    for (const asked of ['i8086', '../x', shipped, 'HASWELL', ' ']) {
      const refused = answerWith(shipped, asked);
      expect(refused).toMatchObject({
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(asked) as string,
      });
      for (const name of variants) expect(refused.advice).toContain(name);
    }
  });

  it('are missed when there is none', () => {
    const none = join(sharedFolder(), 'no-variants');
    mkdirSync(none);
    for (const name of readdirSync(shipped))
      if (!/ggml-cpu-/.test(name)) symlinkSync(join(shipped, name), join(none, name));
    expect(answerWith(none)).toMatchObject({ code: 'NOT_INSTALLED' });
  });

  it('are missed with their folder: the processor is not to blame', () => {
    expect(answerWith(join(sharedFolder(), 'no-libraries'))).toMatchObject({
      code: 'NOT_INSTALLED',
      advice: expect.stringContaining('npm run setup') as string,
    });
  });
});

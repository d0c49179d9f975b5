import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CPU_ONLY, run, tools } from '../../../tools/peers/run.ts';
import { shortSample } from '../../fixtures/short-demo.ts';
import { commandLine, copyOfDemo, filesIn, unfinished } from '../../helpers/command-line.ts';
import { timeKernels } from '../../helpers/timed-home.ts';

// `snug export` of a fit of the short demo model, and the way back from its README.

const { folder, home, start, snug } = commandLine();
const source = join(folder, 'source');
const exported = join(folder, 'for a friend');

/** The words of a README's command that begins so, as a shell would split them. */
function commandIn(readme: string, beginning: string): string[] {
  const line = readme.split('\n').find((one) => one.startsWith(beginning)) ?? '';
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

/** Fewer than anybody would calibrate with: what is made again is made of no more. */
const FEW = ['--calibration-tokens', '1500', '--clusters', '20', '--rungs', 'Q4_K_M,Q2_K', '--threads', '1'];

describe('export', () => {
  let readme: string;

  beforeAll(async () => {
    await timeKernels(home);
    const { model } = copyOfDemo(source);
    const fit = await snug(
      'fit',
      model,
      '--budget',
      '20.1MiB',
      '--vision',
      'Q8_0',
      '--image-tokens',
      '25',
      ...FEW,
    );
    expect(fit.code, fit.stderr).toBe(0);
    const fitted = join(home, 'models', 'demo-vl-LUQ.gguf');
    const { code, stderr, stdout } = await snug('export', fitted, exported);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('README.md says how to run them');
    readme = readFileSync(join(exported, 'README.md'), 'utf8');
  });

  it('leaves the pair and what explains it, and nothing half-done', () => {
    expect(filesIn(exported)).toEqual([
      'Modelfile',
      'README.md',
      'SHA256SUMS',
      'demo-vl-LUQ.gguf',
      'mmproj-demo-vl-LUQ.gguf',
    ]);
    expect(unfinished(exported)).toEqual([]);
    expect(readme).toContain('nats over');
    expect(readme).toMatch(/answering +\| \d/);
  });

  it('can be talked to where it lies', async () => {
    const asked = await snug(
      'chat',
      'What is this?',
      '--model',
      join(exported, 'demo-vl-LUQ.gguf'),
      '--json',
    );
    expect(asked.code, asked.stderr).toBe(0);
    expect(JSON.parse(asked.stdout)).toMatchObject({ model: { canSee: true } });
  });

  it.skipIf(!existsSync(join(tools, 'llama-mtmd-cli')))(
    'runs in stock llama.cpp by the command of its README',
    async () => {
      const [tool = '', ...words] = commandIn(readme, 'llama-mtmd-cli');
      const args = words.map((word) =>
        word === 'picture.jpg' ? shortSample('circle') : word.endsWith('.gguf') ? join(exported, word) : word,
      );
      const { stdout } = await run(tool, [...args, ...CPU_ONLY]);
      expect(stdout.trim()).toMatch(/\w/);
    },
  );

  it('says the command that makes the same files again, byte for byte', async () => {
    const [program, command = '', model = '', mmprojFlag = '', mmproj = '', ...flags] = commandIn(
      readme,
      'snug fit',
    );
    expect([program, command, mmprojFlag]).toEqual(['snug', 'fit', '--mmproj']);
    // on another day, with nothing kept: the source is where a person has put it
    const again = join(folder, 'again');
    const otherHome = join(folder, 'other home');
    await timeKernels(otherHome);
    const [output] = flags.splice(-1);
    const files = [join(source, model), mmprojFlag, join(source, mmproj)];
    const fit = await start([command, ...files, ...flags, join(again, output ?? '')], {
      home: otherHome,
    }).ended;
    expect(fit.code, fit.stderr).toBe(0);
    for (const [made, name] of [
      ['demo-vl-LUQ.gguf', 'demo-vl-LUQ.gguf'],
      ['demo-vl-LUQ-mmproj-Q8_0.gguf', 'mmproj-demo-vl-LUQ.gguf'],
    ] as const) {
      const [first, second] = [readFileSync(join(exported, name)), readFileSync(join(again, made))];
      expect(second.equals(first), name).toBe(true);
    }
  });

  it('does not write over what is there', async () => {
    const again = await snug('export', join(home, 'models', 'demo-vl-LUQ.gguf'), exported);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('--replace writes over the files that are there');
    const replaced = await snug('export', join(home, 'models', 'demo-vl-LUQ.gguf'), exported, '--replace');
    expect(replaced.code, replaced.stderr).toBe(0);
  });

  it('takes nothing that Snug did not fit', async () => {
    const { code, stderr } = await snug('export', join(source, 'demo-vl-f16.gguf'), join(folder, 'no'));
    expect(code).toBe(2);
    expect(stderr).toContain('was not fitted by Snug');
    expect(stderr).toContain('snug fit MODEL');
  });
});

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { laptopSchema } from '../../../src-main/contract/fit-report.ts';
import { DEMO_IMAGE_TOKENS, DEMO_LAYERS, demoMmproj, demoModel } from '../../fixtures/demo.ts';
import { writeQwenVl } from '../../fixtures/models.ts';
import { commandLine } from '../../helpers/command-line.ts';

// `snug --help`, `snug profile` and `snug inspect`, each in a process of its own.

const { folder, snug } = commandLine();

describe('help', () => {
  it('lists the commands and what the exit codes mean', async () => {
    const { code, stdout } = await snug('--help');
    expect(code).toBe(0);
    for (const command of ['profile', 'inspect', 'fit', 'chat', 'demo']) expect(stdout).toContain(command);
    expect(stdout).toContain('3 no plan fits the budget');
  });

  it.each([
    ['profile', ['--model', '--no-probe', '--json']],
    ['inspect', ['<file>', '--json']],
    [
      'fit',
      ['<model>', '--mmproj', '--budget', '--layers', '--rungs', '--calibration', '--output', '--json'],
    ],
    ['chat', ['[question]', '--image', '--context', '--temperature', '--json']],
    ['demo', ['--budget', '--layers', '--json']],
  ])('of %s names its options', async (command, options) => {
    const { code, stdout, stderr } = await snug(command, '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const option of options) expect(stdout).toContain(option);
  });

  it.each([[[]], [['nonsense']], [['fit']], [['fit', demoModel, '--nonsense']], [['inspect']]])(
    'is pointed to by %j',
    async (args) => {
      const { code, stdout, stderr } = await snug(...args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/Usage: snug|unknown command|missing required argument|unknown option/);
    },
  );
});

describe('profile', () => {
  it('describes the laptop as one JSON object', async () => {
    const { code, stdout, stderr } = await snug('profile', '--no-probe', '--json');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout) as { laptop: unknown; budget: { bytes: number }; kernels: unknown[] };
    const laptop = laptopSchema.parse(report.laptop);
    expect(laptop.cpu.vectorFeatures.length).toBeGreaterThan(0);
    expect(laptop.memory.availableBytes).toBeLessThanOrEqual(laptop.memory.totalBytes);
    expect(report.budget.bytes).toBeLessThan(laptop.memory.totalBytes);
    expect(report.kernels).toEqual([]);
  });

  it('says the same in words', async () => {
    const { code, stdout } = await snug('profile', '--no-probe');
    expect(code).toBe(0);
    for (const label of ['CPU', 'Memory', 'Disk', 'Power', 'Budget']) expect(stdout).toContain(label);
  });

  it('probes the matrices of a model', async () => {
    const where = join(folder, 'probed');
    mkdirSync(where);
    // rows that no K-quant holds: those types are left out
    const { model } = writeQwenVl(where, {
      width: 320,
      feedForward: 352,
      heads: 5,
      keyValueHeads: 1,
      layers: 1,
    });
    const { code, stdout } = await snug('profile', '--model', model, '--json');
    expect(code).toBe(0);
    const { kernels, probedModel } = JSON.parse(stdout) as {
      kernels: { type: string; gigabytesPerSecond: number }[];
      probedModel: string;
    };
    expect(probedModel).toBe('Random-Qwen-VL');
    expect(kernels.map(({ type }) => type)).toEqual(['F16', 'Q8_0']);
    for (const { gigabytesPerSecond } of kernels) expect(gigabytesPerSecond).toBeGreaterThan(0);
  });
});

describe('inspect', () => {
  it('tells a text model, its layers and its encoder', async () => {
    const { code, stdout } = await snug('inspect', demoModel, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'text',
      name: 'Demo-VL',
      architecture: 'qwen2vl',
      bytes: statSync(demoModel).size,
      facts: {
        layers: DEMO_LAYERS,
        'vision file': demoMmproj,
        'picture tokens': `${DEMO_IMAGE_TOKENS.minTokens} to ${DEMO_IMAGE_TOKENS.maxTokens}`,
        mostly: 'F16',
      },
      // per layer seven matrices, two norms and three biases; the embeddings and the last norm
      types: { F16: { tensors: 7 * DEMO_LAYERS + 1 }, F32: { tensors: 5 * DEMO_LAYERS + 1 } },
      luq: {},
    });
  });

  it('tells a vision encoder', async () => {
    const { code, stdout } = await snug('inspect', demoMmproj, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'vision',
      architecture: 'qwen2.5vl_merger',
      layers: [],
    });
  });

  it.each([
    [demoModel, 'text model, qwen2vl'],
    [demoMmproj, 'vision file (mmproj), qwen2.5vl_merger'],
  ])('says it in words: %s', async (path, kind) => {
    const { code, stdout } = await snug('inspect', path);
    expect(code).toBe(0);
    expect(stdout).toContain(kind);
    expect(stdout).toMatch(/F16 +\d+ +[\d,]+ +[\d.]+ MiB/);
  });
});

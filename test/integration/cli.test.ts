import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitReportSchema, laptopSchema, type FitReport } from '../../src-main/contract/fit-report.ts';
import { readGguf } from '../../src-main/models/gguf.ts';
import {
  DEMO_IMAGE_TOKENS,
  DEMO_LAYERS,
  WHO_ARE_YOU,
  demoMmproj,
  demoModel,
  sample,
} from '../fixtures/demo.ts';
import { text, whole, writeModelFile } from '../fixtures/gguf-parts.ts';
import { writeQwenVl } from '../fixtures/models.ts';

// The commands as a person types them, each in a process of its own.

const cli = join(import.meta.dirname, '..', '..', 'src-main', 'cli.ts');
let folder: string;
let home: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snug-cli-'));
  home = join(folder, 'home');
});
afterAll(() => {
  for (const { pid, exitCode, signalCode } of started) {
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** resolves once stderr has said this */
  said(what: RegExp): Promise<void>;
}

const started: ChildProcess[] = [];

/** Starts `snug …` in a process group of its own, as a terminal does. */
function start(args: readonly string[], options: { input?: string; home?: string } = {}): Running {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    detached: true,
    env: { ...process.env, SNUG_HOME: options.home ?? home, NO_COLOR: '1' },
  });
  started.push(child);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  child.stdin.end(options.input ?? '');
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const said = (what: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (what.test(stderr)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`it ended without saying ${what}: ${stderr}`)));
    });
  return { child, ended, said };
}

const snug = (...args: string[]) => start(args).ended;

/** Everything below a folder, as relative paths. */
function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

const unfinished = (path: string) => filesIn(path).filter((name) => /\.tmp$|lock$/.test(name));

/** A model and its vision encoder in a folder of their own. */
function copyOfDemo(name: string): { model: string; mmproj: string } {
  const where = join(folder, name);
  mkdirSync(where);
  const files = { model: join(where, 'demo-vl-f16.gguf'), mmproj: join(where, 'mmproj-demo-vl-f16.gguf') };
  copyFileSync(demoModel, files.model);
  copyFileSync(demoMmproj, files.mmproj);
  return files;
}

const QUICK = [
  '--calibration-tokens',
  '4000',
  '--clusters',
  '50',
  '--rungs',
  'Q4_K_M,Q2_K',
  '--threads',
  '1',
];

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
        'vision encoder': demoMmproj,
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
    [demoMmproj, 'vision encoder, qwen2.5vl_merger'],
  ])('says it in words: %s', async (path, kind) => {
    const { code, stdout } = await snug('inspect', path);
    expect(code).toBe(0);
    expect(stdout).toContain(kind);
    expect(stdout).toMatch(/F16 +\d+ +[\d,]+ +[\d.]+ MiB/);
  });
});

describe('fit', () => {
  let model: string;
  let mmproj: string;
  let output: string;
  let fitted: Ended;
  let report: FitReport;

  beforeAll(async () => {
    ({ model, mmproj } = copyOfDemo('source'));
    output = join(folder, 'source', 'fitted.gguf');
    fitted = await snug(
      'fit',
      model,
      '--json',
      '--layers',
      '3',
      '--image-tokens',
      '25',
      '--output',
      output,
      ...QUICK,
    );
    report = fitReportSchema.parse(JSON.parse(fitted.stdout));
  });

  it('ends well, with one JSON object on stdout', () => {
    expect(fitted.code).toBe(0);
    expect(fitted.stdout.trim().split('\n')).toHaveLength(1);
    expect(report.plan).toMatchObject({
      lowLayers: 3,
      layers: DEMO_LAYERS,
      rungs: { high: 'Q4_K_M', low: 'Q2_K' },
    });
    expect(report.calibration).toMatchObject({ clusters: 50, alpha: 0.5, reused: false });
    expect(report.check.coherent).toBe(true);
    expect(
      report.layers
        .filter((layer) => layer.rung === 'Q2_K')
        .map((layer) => layer.index)
        .sort(),
    ).toEqual([...report.plan.order.slice(0, 3)].sort());
    expect(report.files.luq.path).toBe(output);
    expect(report.files.luq.tokensPerSecond).toBeGreaterThan(0);
  });

  it('tells its progress in plain lines on stderr', () => {
    for (const stage of [
      'Identify',
      'Load',
      'Calibrate',
      'Entropy',
      'Quantize',
      'Assemble',
      'Check',
      'Measure',
    ]) {
      expect(fitted.stderr).toMatch(new RegExp(`^${stage}: .+ of .+$`, 'm'));
    }
    expect(fitted.stderr).not.toMatch(/[\r\x1b]/);
  });

  it('leaves the model, its companion file and nothing half-done', () => {
    expect(filesIn(join(folder, 'source'))).toEqual([
      'demo-vl-f16.gguf',
      'fitted.gguf',
      'fitted.gguf.snug.json',
      'mmproj-demo-vl-f16.gguf',
    ]);
    expect(unfinished(home)).toEqual([]);
    expect(statSync(output).size).toBe(report.files.luq.bytes);
    const facts = [...readGguf(output).metadata.keys()].filter((key) => key.startsWith('luq.'));
    expect(facts.length).toBeGreaterThan(3);
  });

  it('can be inspected and talked to', async () => {
    const inspected = JSON.parse((await snug('inspect', output, '--json')).stdout) as {
      luq: Record<string, unknown>;
    };
    expect(Object.keys(inspected.luq).length).toBeGreaterThan(3);
    const chat = await snug(
      'chat',
      'What color is the circle?',
      '--model',
      output,
      '--image',
      sample('circle'),
    );
    expect(chat).toMatchObject({ code: 0, stdout: 'red\n' });
  });

  it('goes faster for another number of layers, on what is kept', async () => {
    const again = await snug(
      'fit',
      model,
      '--json',
      '--layers',
      '4',
      '--image-tokens',
      '25',
      '--output',
      output,
      ...QUICK,
    );
    expect(again.code).toBe(0);
    const next = fitReportSchema.parse(JSON.parse(again.stdout));
    expect(next.calibration.reused).toBe(true);
    expect(next.plan.order).toEqual(report.plan.order);
    expect(next.files.luq.bytes).toBeLessThan(report.files.luq.bytes);
  });

  it('does not quantize a quantized model again', async () => {
    const { code, stderr } = await snug('fit', output, '--mmproj', mmproj, ...QUICK);
    expect(code).toBe(2);
    expect(stderr).toMatch(/already quantized to Q\d_K/);
    expect(stderr).toContain('Start from the F16');
  });

  it('prints what it did in words', async () => {
    const { code, stdout } = await snug(
      'fit',
      model,
      '--layers',
      '4',
      '--image-tokens',
      '25',
      '--output',
      output,
      ...QUICK,
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`4 of ${DEMO_LAYERS} layers at Q2_K, the rest Q4_K_M`);
    expect(stdout).toContain('kept from an earlier run');
    expect(stdout).toMatch(/KL divergence from the source: pictures .* text /);
    expect(stdout).toContain(`Saved as ${output}`);
  });
});

describe('bad input to fit', () => {
  const made = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, content);
    return path;
  };
  const folderWith = (name: string, files: Record<string, string | Uint8Array>) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  };
  const missing = () => join(folder, 'missing');
  const random = (name: string, options: Parameters<typeof writeQwenVl>[1]) =>
    writeQwenVl(folderWith(name, {}), options);

  interface Case {
    readonly args: () => string[];
    readonly code?: number;
    /** what the message must say: the problem and the way on */
    readonly says: readonly RegExp[];
  }
  const cases: Record<string, Case> = {
    'a budget of nothing': {
      args: () => [demoModel, '--budget', '0'],
      says: [/"0" is not an amount of memory above zero/, /Write it like 4GiB/],
    },
    'a budget that is no number': {
      args: () => [demoModel, '--budget', 'nonsense'],
      says: [/"nonsense" is not an amount/, /Write it like 4GiB/],
    },
    'a budget of another unit': {
      args: () => [demoModel, '--budget', '4 parsecs'],
      says: [/"4 parsecs" is not an amount/],
    },
    'a budget that nothing fits': {
      args: () => [demoModel, '--budget', '1MB'],
      code: 3,
      says: [
        /needs [\d.]+ MiB, [\d.]+ MiB more than the budget of 977 KiB/,
        /smaller model or a larger budget/,
      ],
    },
    'a budget that a shorter context fits': {
      args: () => [demoModel, '--budget', '15MiB'],
      code: 3,
      says: [
        /more than the budget of 15.0 MiB/,
        /What would fit: a context of 1024 tokens \(--context 1024\)/,
      ],
    },
    'a budget and a number of layers': {
      args: () => [demoModel, '--budget', '4GiB', '--layers', '2'],
      says: [/--budget and --layers exclude each other/, /Give one of them/],
    },
    'more layers than there are': {
      args: () => [demoModel, '--layers', '99'],
      says: [new RegExp(`this model has ${DEMO_LAYERS} layers; 99 of them`)],
    },
    'half a layer': { args: () => [demoModel, '--layers', '1.5'], says: [/'1.5' is invalid.*whole number/] },
    'alpha above one': { args: () => [demoModel, '--alpha', '2'], says: [/'2' is invalid.*between 0 and 1/] },
    'one cluster': { args: () => [demoModel, '--clusters', '1'], says: [/'1' is invalid.*at least 2/] },
    'more clusters than tokens': {
      args: () => [demoModel, '--clusters', '4000', '--calibration-tokens', '500', '--layers', '1'],
      says: [/\d+ tokens per layer, and 4000 clusters/, /fewer clusters with --clusters/],
    },
    'an unknown rung': {
      args: () => [demoModel, '--rungs', 'Q4_K_M,IQ9_Z'],
      says: [/"Q4_K_M,IQ9_Z" is not a pair of rungs/, /IQ1_M/],
    },
    'one rung twice': {
      args: () => [demoModel, '--rungs', 'Q2_K,Q2_K'],
      says: [/the two rungs are the same: Q2_K/],
    },
    'a vision type it has not': {
      args: () => [demoModel, '--vision', 'Q4_K'],
      says: [/--vision takes Q8_0, not Q4_K/],
    },
    'a missing model': { args: () => [missing()], says: [/could not open .*missing: there is no such file/] },
    'a folder for a model': { args: () => [folder], says: [/is not a file/] },
    'a text for a model': {
      args: () => [made('notes.gguf', 'not a model')],
      says: [/notes.gguf is not a GGUF file/, /download that ends in .gguf/],
    },
    'a model that is only partly there': {
      args: () => [made('cut.gguf', readFileSync(demoModel).subarray(0, 5_000_000))],
      says: [/cut.gguf is not a usable GGUF file: .* after the end of the file/, /download it again/],
    },
    'a model of another architecture': {
      args: () => {
        const path = join(folder, 'gemma.gguf');
        writeModelFile(path, [text('general.architecture', 'gemma3'), whole('gemma3.block_count', 1)], [], 1);
        return [path];
      },
      says: [/gemma.gguf has the architecture gemma3, which Snug cannot fit/, /Supported are Qwen2.5-VL/],
    },
    'a model and its encoder swapped': {
      args: () => [demoMmproj, '--mmproj', demoModel],
      says: [/is a vision encoder \(mmproj\), not a text model/, /may be swapped/],
    },
    'a text model for an encoder': {
      args: () => [demoModel, '--mmproj', demoModel],
      says: [/is not a vision encoder/, /may be swapped/],
    },
    'an encoder of another width': {
      args: () => [demoModel, '--mmproj', random('wider', { width: 512, heads: 8, layers: 1 }).mmproj],
      says: [/produces embeddings of width 512, and .* takes 256/, /published together with this model/],
    },
    'the source as the output': {
      args: () => [demoModel, '--output', demoModel],
      says: [/is the source itself/, /--output/],
    },
    'the source as the output by another name': {
      args: () => {
        const link = join(folder, 'link.gguf');
        if (!existsSync(link)) symlinkSync(demoModel, link);
        return [demoModel, '--output', link];
      },
      says: [/is the source itself/, /--output/],
    },
    'an output below a file': {
      args: () => [demoModel, '--output', join(made('a-file', ''), 'below', 'out.gguf')],
      code: 1,
      says: [/a-file.* cannot be written: part of its path is a file/, /Choose another place with --output/],
    },
    'an output right below a file': {
      args: () => [demoModel, '--output', join(made('a-file', ''), 'out.gguf')],
      code: 1,
      says: [/a-file.* cannot be written: part of its path is a file/, /Choose another place with --output/],
    },
    'a missing calibration folder': {
      args: () => [demoModel, '--calibration', missing()],
      says: [/there is no folder .*missing/, /--calibration/],
    },
    'an empty calibration folder': {
      args: () => [demoModel, '--calibration', folderWith('nothing', {})],
      says: [/nothing holds no pictures/, /\.jpg/],
    },
    'a calibration folder with texts alone': {
      args: () => [demoModel, '--calibration', folderWith('texts', { 'a.txt': 'text '.repeat(500) })],
      says: [/texts holds no pictures/],
    },
    'a broken picture to calibrate with': {
      args: () => {
        const picture = readFileSync(sample('circle'));
        const files = { 'broken.png': picture.subarray(0, picture.length / 2), 'whole.png': picture };
        return [demoModel, '--layers', '1', '--calibration', folderWith('broken', files)];
      },
      says: [/broken.png is damaged and cannot be decoded/, /picture viewer/],
    },
  };

  it.each(Object.keys(cases))('%s', async (name) => {
    const { args, code = 2, says } = cases[name] as Case;
    const own = join(folder, 'homes', name);
    const given = args();
    const before = filesIn(folder).filter((file) => !file.startsWith('homes'));
    const ended = await start(['fit', ...given, '--threads', '1'], { home: own }).ended;
    expect(ended.stderr).not.toMatch(/^\s+at .*\.ts:\d+/m);
    for (const said of says) expect(ended.stderr).toMatch(said);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    // nothing beside the model, nothing half-done at home, no result
    expect(filesIn(folder).filter((file) => !file.startsWith('homes'))).toEqual(before);
    expect(unfinished(own)).toEqual([]);
    expect(filesIn(join(own, 'models'))).toEqual([]);
  });

  it('is told as data with --json', async () => {
    const { code, stdout } = await snug('fit', missing(), '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'FILE', message: expect.stringContaining('there is no such file') as string },
    });
  });

  it.each(['4 GB', '4GiB', '3.5g', '3,5 GiB', '4294967296'])('is not a budget of %s', async (budget) => {
    const { stderr } = await snug('fit', missing(), '--mmproj', demoMmproj, '--budget', budget);
    expect(stderr).toContain('there is no such file');
  });

  it('is a home that cannot be', async () => {
    const own = join(made('a-file', ''), 'home');
    const { code, stderr } = await start(['fit', demoModel, '--layers', '1'], { home: own }).ended;
    expect(stderr).toMatch(/cannot be written: part of its path is a file/);
    expect(stderr).toContain('SNUG_HOME');
    expect(code).toBe(1);
  });
});

describe('two fits at once', () => {
  it('do not write the same file: the second says who is busy, the first finishes', async () => {
    const { model } = copyOfDemo('busy');
    const args = ['fit', model, '--layers', '2', '--image-tokens', '25', ...QUICK, '--clusters', '10'];
    const own = join(folder, 'busy-home');
    const first = start(args, { home: own });
    await first.said(/^Calibrate: /m);
    const second = await start(args, { home: own }).ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/another Snug \(process \d+\) is already writing .*demo-vl-LUQ.gguf/);
    expect(second.stderr).toContain('Wait for it to finish');
    // another output, the same source: its blocks and calibration are shared
    const third = await start([...args, '--output', join(folder, 'busy', 'other.gguf')], { home: own }).ended;
    expect(third.code).toBe(1);
    expect(third.stderr).toMatch(/is already fitting Demo-VL/);
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(own, 'models', 'demo-vl-LUQ.gguf'))).toBe(true);
    expect(unfinished(folder)).toEqual([]);
  });
});

describe('Ctrl-C', () => {
  it('stops a calibration with the promise that the same command goes on, which it does', async () => {
    const { model } = copyOfDemo('stopped');
    const own = join(folder, 'stopped-home');
    const args = ['fit', model, '--json', '--layers', '2', '--image-tokens', '25', '--rungs', 'Q4_K_M,Q2_K'];
    const settings = ['--calibration-tokens', '6000', '--clusters', '5', '--threads', '1'];
    const running = start([...args, ...settings], { home: own });
    await running.said(/^Calibrate: [1-9]/m);
    // a terminal sends it to the whole process group
    process.kill(-(running.child.pid ?? 0), 'SIGINT');
    const pressed = performance.now();
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(performance.now() - pressed).toBeLessThan(3000);
    expect(stderr).toContain('the same command goes on');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(unfinished(own)).toEqual([]);
    expect(filesIn(join(own, 'models'))).toEqual([]);

    const again = await start([...args, ...settings], { home: own }).ended;
    expect(again.code).toBe(0);
    // it does not start over
    expect(again.stderr).toMatch(/^Calibrate: [1-9]/m);
    expect(/^Calibrate: (\S+)/m.exec(again.stderr)?.[1]).not.toBe('0');
  });
});

describe('chat', () => {
  const chat = (...args: string[]) => snug('chat', '--model', demoModel, '--threads', '1', ...args);

  it('answers a question about a picture as JSON', async () => {
    const { code, stdout, stderr } = await chat(
      'What color is the circle?',
      '--image',
      sample('circle'),
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: {
        name: 'Demo-VL',
        canSee: true,
        contextTokens: 4096,
        imageMaxTokens: DEMO_IMAGE_TOKENS.maxTokens,
      },
      answer: { text: 'red', reason: 'end', statistics: { encodedImages: 1 } },
    });
    expect(stderr).toMatch(/circle\.png: \d+ tokens/);
  });

  it('streams the answer in words', async () => {
    expect(await chat('Who are you?')).toMatchObject({ code: 0, stdout: `${WHO_ARE_YOU}\n` });
  });

  it('takes a picture of one pixel', async () => {
    const path = join(folder, 'pixel.png');
    await sharp({ create: { width: 1, height: 1, channels: 3, background: '#f00' } }).toFile(path);
    const { code, stdout } = await chat('What is this?', '--image', path);
    expect(code).toBe(0);
    expect(stdout.trim()).not.toBe('');
  });

  it('computes with as many threads as there are, however many are asked for', async () => {
    const ended = await snug('chat', '--model', demoModel, 'Who are you?', '--threads', '1000');
    expect(ended).toMatchObject({ code: 0, stdout: `${WHO_ARE_YOU}\n` });
  }, 30_000);

  it.each<[string, string[], RegExp[]]>([
    ['a broken picture', ['hi', '--image', 'broken.png'], [/broken.png is damaged/, /picture viewer/]],
    ['a text for a picture', ['hi', '--image', 'notes.png'], [/notes.png is not a picture/, /JPEG, PNG/]],
    ['a missing picture', ['hi', '--image', 'missing.png'], [/there is no file .*missing.png/]],
    [
      'a missing model',
      ['hi', '--model', 'missing.gguf'],
      [/could not open .*missing.gguf: there is no such file/],
    ],
    ['a model that is none', ['hi', '--model', 'notes.png'], [/notes.png is not a GGUF file/]],
    [
      'an encoder for a model',
      ['hi', '--model', demoMmproj],
      [/vision encoder \(mmproj\), not a text model/],
    ],
    ['too hot a temperature', ['hi', '--temperature', '3'], [/'3' is invalid.*between 0 and 2/]],
    ['too short a context', ['hi', '--context', '10'], [/'10' is invalid.*at least 256/]],
  ])('says what is wrong with %s', async (_, args, says) => {
    const picture = readFileSync(sample('circle'));
    writeFileSync(join(folder, 'broken.png'), picture.subarray(0, picture.length / 2));
    writeFileSync(join(folder, 'notes.png'), 'no picture at all');
    const { code, stdout, stderr } = await chat(...args);
    for (const said of says) expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/^\s+at .*\.ts:\d+/m);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  it('says that a question is too long for the context', async () => {
    const { code, stderr } = await chat('word '.repeat(500), '--context', '256');
    expect(stderr).toMatch(/takes \d+ tokens, and the context holds 256/);
    expect(stderr).toContain('--context');
    expect(code).toBe(1);
  });

  it('holds a conversation over a pipe, and a bad picture does not end it', async () => {
    const input = [
      'Who are you?',
      '/image missing.png',
      `/image ${sample('circle')}`,
      'What color is the circle?',
      '',
      '/quit',
      'never asked',
    ].join('\n');
    const args = ['chat', '--model', demoModel, '--threads', '1', '--temperature', '0'];
    const { code, stdout, stderr } = await start(args, { input }).ended;
    expect(stderr).toMatch(/there is no file .*missing.png/);
    expect(stderr).toMatch(/\d+ tokens/);
    expect(stdout).toBe(`${WHO_ARE_YOU}\nred\n`);
    expect(code).toBe(0);
  });

  it('ends a conversation where its input does', async () => {
    const args = ['chat', '--model', demoModel, '--threads', '1'];
    const { code, stdout } = await start(args, { input: 'Who are you?' }).ended;
    expect(stdout).toBe(`${WHO_ARE_YOU}\n`);
    expect(code).toBe(0);
  });

  it('talks to the model that was fitted last, else to the demo', async () => {
    const { stdout } = await start(['chat', 'Who are you?', '--json', '--threads', '1'], {
      home: join(folder, 'fresh'),
    }).ended;
    expect(JSON.parse(stdout)).toMatchObject({ model: { name: 'Demo-VL' } });
  });
});

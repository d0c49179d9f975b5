import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitReportSchema, type FitReport } from '../../../src-main/contract/fit-report.ts';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { undecidedAtCut } from '../../../src-main/luq/entropy/statistics.ts';
import { SHORT_LAYERS, shortSample as sample } from '../../fixtures/short-demo.ts';
import {
  QUICK,
  commandLine,
  copyOfDemo,
  filesIn,
  unfinished,
  type Ended,
} from '../../helpers/command-line.ts';
import { timeKernels } from '../../helpers/timed-home.ts';

// `snug fit` of the short demo model, in a process of its own.

const { folder, home, start, snug } = commandLine();

describe('fit', () => {
  let model: string;
  let mmproj: string;
  let output: string;
  let fitted: Ended;
  let report: FitReport;
  const fitWith = (...args: string[]) =>
    snug('fit', model, '--image-tokens', '25', '--output', output, ...QUICK, ...args);

  beforeAll(async () => {
    await timeKernels(home);
    ({ model, mmproj } = copyOfDemo(join(folder, 'source')));
    output = join(folder, 'source', 'fitted.gguf');
    fitted = await fitWith('--layers', '3', '--json');
    report = fitReportSchema.parse(JSON.parse(fitted.stdout));
  });

  it('ends well, with one JSON object on stdout', () => {
    expect(fitted.code).toBe(0);
    expect(fitted.stdout.trim().split('\n')).toHaveLength(1);
    expect(report.plan).toMatchObject({
      lowLayers: 3,
      layers: SHORT_LAYERS,
      rungs: { high: 'Q4_K_M', low: 'Q2_K' },
    });
    expect(report.calibration).toMatchObject({ clusters: 10, alpha: 0.5, reused: false });
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

  it('says how far the entropies of the layers can be trusted, and which layers they leave open', () => {
    const { seeds, stability } = report.calibration;
    expect(seeds).toBeGreaterThanOrEqual(16);
    expect(stability.kendallTauHalves).not.toBeNull();
    const bits = report.layers.map(({ entropyBits }) => entropyBits);
    for (const { standardError } of bits) expect(standardError).toBeGreaterThan(0);
    expect(report.plan.undecided).toEqual(undecidedAtCut(bits, report.plan.order, 3));
    expect(report.plan.undecidedBy).toBe('errors');
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
    expect(facts).toContain('luq.context_tokens');
    // the number of layers was given
    expect(facts).not.toContain('luq.budget.bytes');
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
    expect(chat.code, chat.stderr).toBe(0);
    expect(chat.stdout.trim()).not.toBe('');
  });

  it('goes faster for another number of layers, on what is kept', async () => {
    const again = await fitWith('--layers', '4', '--json');
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
    const { code, stdout } = await fitWith('--layers', '4');
    expect(code).toBe(0);
    expect(stdout).toContain(`4 of ${SHORT_LAYERS} layers at Q2_K, the rest Q4_K_M`);
    expect(stdout).toContain('kept from an earlier run');
    expect(stdout).toMatch(/ \d\.\d{3} ± 0\.\d{3} /);
    expect(stdout).toContain('Entropies are the mean over 16 seeds');
    expect(stdout).toMatch(/KL divergence from the source: pictures .* text /);
    expect(stdout).toContain(`Saved as ${output}`);
  });
});

describe('two fits at once', () => {
  it('do not write the same file: the second says who is busy, the first finishes', async () => {
    const { model } = copyOfDemo(join(folder, 'busy'));
    const args = ['fit', model, '--layers', '2', '--image-tokens', '25', ...QUICK];
    const own = join(folder, 'busy-home');
    await timeKernels(own);
    const first = start(args, { home: own });
    await first.said(/^Calibrate: /m);
    // held there, so that it does not finish before the others have started
    const hold = (signal: 'SIGSTOP' | 'SIGCONT') => process.kill(-(first.child.pid ?? 0), signal);
    hold('SIGSTOP');
    const second = await start(args, { home: own }).ended;
    // another output, the same source: its blocks and calibration are shared
    const third = await start([...args, '--output', join(folder, 'busy', 'other.gguf')], { home: own }).ended;
    hold('SIGCONT');
    expect({ second: second.code, third: third.code }).toEqual({ second: 1, third: 1 });
    expect(second.stderr).toMatch(/another Snug \(process \d+\) is already writing .*demo-vl-LUQ.gguf/);
    expect(second.stderr).toContain('Wait for it to finish');
    expect(third.stderr).toMatch(/is already fitting Demo-VL/);
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(own, 'models', 'demo-vl-LUQ.gguf'))).toBe(true);
    expect(unfinished(folder)).toEqual([]);
  });
});

describe('Ctrl-C', () => {
  it('stops a calibration with the promise that the same command resumes, which it does', async () => {
    const { model } = copyOfDemo(join(folder, 'stopped'));
    const own = join(folder, 'stopped-home');
    await timeKernels(own);
    const args = ['fit', model, '--json', '--layers', '2', '--image-tokens', '25', '--rungs', 'Q4_K_M,Q2_K'];
    const settings = ['--calibration-tokens', '6000', '--clusters', '5', '--threads', '1'];
    const running = start([...args, ...settings], { home: own });
    await running.said(/^Calibrate: [1-9]/m);
    // a terminal sends it to the whole process group
    process.kill(-(running.child.pid ?? 0), 'SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(130);
    // at once, not when the stage is through
    expect(stderr).not.toContain('Entropy: ');
    expect(stderr).toContain('run the same command again to resume');
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

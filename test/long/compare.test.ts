import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src-main/compare/run.ts';
import { comparisonSchema, type CompareRequest } from '../../src-main/contract/comparison.ts';
import { demoFolder, demoModel, sample } from '../fixtures/demo.ts';
import { RIVAL_METHODS } from '../../src-main/luq/rivals/methods.ts';
import { SHORT_LAYERS, shortMmproj, shortModel } from '../fixtures/short-demo.ts';
import { commandLine } from '../helpers/command-line.ts';
import { readScores } from '../../tools/demo-model/scores-file.ts';

// `snug compare` on the demo model: small parts of it, the whole takes a quarter of an hour.

const { folder, start } = commandLine();
const CALIBRATION = ['--calibration-tokens', '4000', '--clusters', '25', '--threads', '1'];

/** Runs `snug compare` on the demo model and reads what it wrote. */
async function compared(home: string, ...args: string[]) {
  const output = join(folder, 'output');
  const command = ['compare', demoModel, '--output', output, ...CALIBRATION, ...args];
  const { code, stderr } = await start(command, { home }).ended;
  expect(code, stderr).toBe(0);
  const read = (name: string) => readFileSync(join(output, name), 'utf8');
  return {
    files: readdirSync(output),
    read,
    comparison: comparisonSchema.parse(JSON.parse(read('comparison.json'))),
  };
}

describe('a comparison from the command line', { timeout: 300_000 }, () => {
  it('measures quality, a task, speed and memory of each row, writes them, and measures none of it twice', async () => {
    const { samples } = readScores(demoFolder);
    const asked = samples.filter(({ picture }) => picture !== undefined);
    const questions = asked.map(({ question, answer, picture = '' }) => {
      const name = picture.split('/').at(-1) ?? '';
      copyFileSync(sample(name.replace('.png', '')), join(folder, name));
      return { picture: name, question, answer };
    });
    const data = join(folder, 'questions.json');
    writeFileSync(data, JSON.stringify(questions));
    const right = asked.filter(({ answer, said }) => answer === said).length;

    const home = join(folder, 'cli-home');
    const args = ['--parts', 'projector', '--task', 'own', '--data', data];
    const { comparison, files, read } = await compared(home, ...args);
    const [source, projector] = comparison.rows;
    expect(comparison.rows.map(({ family }) => family)).toEqual(['source', 'projector']);
    expect(comparison.task).toMatchObject({ name: 'own', questions: questions.length });
    // the file beside the model says so: without it pictures are far larger than the model has learnt
    expect(comparison.model.imageTokens).toEqual({ min: 16, max: 36 });
    expect(source?.quality.image?.meanKld).toBeCloseTo(0, 3);
    expect(projector?.quality.image?.meanKld).toBeGreaterThan(source?.quality.image?.meanKld ?? Infinity);
    expect(projector?.visionBytes).toBeLessThan(source?.visionBytes ?? 0);
    // the score is that of the answers which the shipped files are known to give
    expect(source?.accuracy).toBeCloseTo((100 * right) / asked.length);
    for (const { running } of comparison.rows) expect(running?.peakMemoryBytes).toBeGreaterThan(0);
    expect(files).toEqual(
      expect.arrayContaining(['comparison.csv', 'comparison.json', 'comparison.md', 'entropy.svg']),
    );
    expect(read('comparison.csv').trim().split(/\r?\n/)).toHaveLength(1 + comparison.rows.length);
    expect(read('comparison.md')).toContain('## Predictions');

    // times would differ if anything was run again
    const again = await compared(home, ...args);
    expect(again.comparison.rows).toEqual(comparison.rows);
  });
});

describe('a comparison of orders', { timeout: 300_000 }, () => {
  it('has every order at every number of layers asked for, and can be stopped on the way', async () => {
    const request: CompareRequest = {
      fit: {
        home: join(folder, 'home'),
        modelPath: shortModel,
        mmprojPath: shortMmproj,
        calibrationTokens: 4000,
        clusters: 25,
        threads: 1,
      },
      parts: ['orders'],
      lowLayers: [SHORT_LAYERS - 2],
    };
    const stop = new AbortController();
    const stopped = compare(request, {
      signal: stop.signal,
      onProgress: ({ stage, detail }) => {
        if (stage === 'choose' && detail === 'layer 3') stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });

    const seen: string[] = [];
    const comparison = await compare(request, {
      onProgress: ({ stage, done, total, detail }) => {
        if (stage === 'calibrate') seen.push(stage);
        if (stage === 'choose' && detail?.includes('layers')) expect(done).toBeLessThanOrEqual(total);
      },
    });
    // what was calibrated before it was stopped is not calibrated again
    expect(seen).toEqual([]);
    expect(Object.keys(comparison.orders)).toHaveLength(8);
    for (const order of Object.values(comparison.orders))
      expect(order.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: SHORT_LAYERS }, (_, layer) => layer),
      );
    expect(comparison.taus).toHaveLength((8 * 7) / 2);
    const rows = comparison.rows.filter(({ family }) => family === 'order');
    expect(rows.map(({ ordering }) => ordering)).toEqual(Object.keys(comparison.orders));
    for (const row of rows) {
      expect(row.lowLayers).toBe(SHORT_LAYERS - 2);
      expect(row.layerRungs).toHaveLength(SHORT_LAYERS);
      expect(row.layerRungs?.filter((rung) => rung === comparison.rungs.low)).toHaveLength(SHORT_LAYERS - 2);
      expect(row.quality.image?.meanKld).toBeGreaterThan(0);
      expect([row.running, row.accuracy]).toEqual([null, null]);
    }
  });
});

describe('a comparison with other methods', { timeout: 600_000 }, () => {
  it('has their rows at the bits of their formats, beside the nearest plan by tensor, and can be stopped on the way', async () => {
    const request: CompareRequest = {
      fit: {
        home: join(folder, 'rivals-home'),
        modelPath: shortModel,
        mmprojPath: shortMmproj,
        calibrationTokens: 4000,
        clusters: 25,
        threads: 1,
      },
      parts: ['best', 'rivals'],
      lowLayers: [SHORT_LAYERS - 2],
    };
    const stop = new AbortController();
    const stopped = compare(request, {
      signal: stop.signal,
      onProgress: ({ detail }) => {
        if (detail === 'GPTQ 3') stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });

    const { rows } = await compare(request, {});
    const rivals = rows.filter(({ family }) => family === 'rival');
    expect(rivals.map(({ name }) => name)).toEqual(RIVAL_METHODS.map(({ name }) => name));
    const klds = new Map(rivals.map(({ name, quality }) => [name, quality.image?.meanKld ?? NaN]));
    expect(klds.get('GPTQ 4')).toBeLessThan(klds.get('GPTQ 2') ?? 0);
    for (const { rival, layerBits = 0, bitsPerWeight, running, tokensPerSecond } of rivals) {
      expect(layerBits).toBeGreaterThan(rival?.paperBits ?? Infinity);
      expect(bitsPerWeight).toBeGreaterThan(1);
      expect([running, tokensPerSecond]).toEqual([null, null]);
    }
    const [best] = rows.filter(({ family }) => family === 'best');
    expect(best?.quality.image?.meanKld).toBeGreaterThan(0);
    expect(new Set(Object.values(best?.tensorTypes ?? {})).size).toBeGreaterThan(2);
  });
});

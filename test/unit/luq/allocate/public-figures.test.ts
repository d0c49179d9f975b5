import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PRIOR } from '../../../../src-main/luq/allocate/fitted-prior.ts';
import { priorCosts } from '../../../../src-main/luq/allocate/prior.ts';
import { relaxedPrice, unitsBy } from '../../../../tools/allocation/bounds.ts';
import { fitPrior } from '../../../../tools/allocation/fit.ts';
import { readMeasured } from '../../../../tools/allocation/measured.ts';
import { allocated, comparedBits, priorOf } from '../../../../tools/allocation/ours.ts';
import { PricedModel } from '../../../../tools/allocation/priced.ts';
import { sharedFolder } from '../../../helpers/temporary-folder.ts';

const root = join(import.meta.dirname, '../../../..');
const BENCH = join(root, 'bench/allocation.ts');
const QWEN3 = join(root, 'bench/real-kld/qwen3-4b-instruct.json');
const folder = sharedFolder();

interface Row {
  tensor: string;
  elements: number | null;
  kld: Record<string, number | null>;
}
interface File {
  model: string;
  uniform: Record<string, number | null>;
  alone: Row[];
}
const read = () => JSON.parse(readFileSync(QWEN3, 'utf8')) as File;
let files = 0;
function written(text: string): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, text);
  return path;
}
const changed = (change: (file: File) => void) => {
  const file = read();
  change(file);
  return new PricedModel(readMeasured(written(JSON.stringify(file))));
};

/** (a) and (b) of the bench in units of the relaxation's plan for every tensor. */
function ratios(model: PricedModel): { prior: number[]; measured: number[] } {
  const perTensor = unitsBy(model, ({ name }) => name);
  const bits = comparedBits(model);
  const of = (costs: (name: string, type: number) => number) =>
    bits.map((mean) => model.price(allocated(model, costs, mean)) / relaxedPrice(model, perTensor, mean));
  return {
    prior: of(priorCosts(priorOf(model))),
    measured: of((name, type) => model.cost(name, type)),
  };
}

describe('on public measurements of Qwen3-4B', () => {
  it('plans by measured figures are no further than the bound, and by the prior alone not much', () => {
    const { prior, measured } = ratios(new PricedModel(readMeasured(QWEN3)));
    expect(Math.max(...measured)).toBeLessThanOrEqual(1);
    expect(Math.max(...prior)).toBeLessThan(1.1);
  });

  it('the prior is what its tool fits', () => {
    const fitted = fitPrior(readMeasured(QWEN3));
    for (const [kind, nats] of Object.entries(fitted.classes))
      expect(PRIOR.classes[kind]).toBeCloseTo(nats, 6);
    for (const [type, nats] of Object.entries(fitted.distortion))
      expect(PRIOR.distortion[type]).toBeCloseTo(nats, 3);
    expect(PRIOR.interaction).toBeCloseTo(fitted.interaction, 3);
    expect(PRIOR.floor).toBeCloseTo(fitted.floor, 6);
  });

  it('is as near where other low types were measured alone, and rows are there that say nothing', () => {
    const model = changed((file) => {
      for (const { kld } of file.alone) for (const type of ['iq1_m', 'iq1_m_r4']) delete kld[type];
      const kld = { q2_k_r4: null, iq1_kt: null };
      file.alone.push(
        { tensor: 'blk.0.attn_norm.weight', elements: 0, kld },
        { tensor: 'blk.3.exp_probs_b.bias', elements: 128, kld: { q2_k_r4: 0.1 } },
        { tensor: 'output_norm.weight', elements: null, kld },
      );
    });
    expect(model.tensors).toHaveLength(252);
    const { prior, measured } = ratios(model);
    expect(Math.max(...measured)).toBeLessThanOrEqual(1);
    expect(Math.max(...prior)).toBeLessThan(1.1);
  });

  it('estimates a figure that is missing from the tensor’s others and its class', () => {
    const whole = new PricedModel(readMeasured(QWEN3));
    const names = ['blk.7.ffn_up.weight', 'blk.9.attn_k.weight'];
    const model = changed((file) => {
      for (const row of file.alone.filter(({ tensor }) => names.includes(tensor))) {
        row.kld['q2_k_r4'] = null;
        if (row.tensor === names[1]) row.kld = { q2_k_r4: null, iq2_ks: 0.003 };
      }
      file.uniform['q8_0'] = null;
    });
    expect(model.estimated).toEqual(names);
    expect(model.types).toHaveLength(whole.types.length - 1);
    for (const name of names) {
      expect(Math.abs(Math.log(model.cost(name, 12) / whole.cost(name, 12)))).toBeLessThan(0.4);
    }
  });

  it('takes what Python writes for numbers that are none as missing, and costs below zero for none', () => {
    const file = read();
    file.alone[3] = { ...(file.alone[3] as Row), kld: { q2_k_r4: -0.001, iq1_m: 0.001 } };
    const text = JSON.stringify(file).replace('"iq1_bn":14.911959', '"iq1_bn":NaN');
    expect(text).toContain('NaN');
    const model = new PricedModel(readMeasured(written(text)));
    expect(model.cost(file.alone[3].tensor, 12)).toBe(0);
    expect(Math.max(...ratios(model).measured)).toBeLessThanOrEqual(1);
  });

  it('takes models of experts and of few layers', () => {
    const model = changed((file) => {
      file.alone = file.alone.filter(({ tensor }) => /^blk\.[0-4]\./.test(tensor));
      for (const row of file.alone.filter(({ tensor }) => /^blk\.[1-4]\.ffn/.test(tensor))) {
        row.tensor = row.tensor.replace('.weight', '_exps.weight');
        row.elements = (row.elements ?? 0) * 16;
      }
    });
    const { prior, measured } = ratios(model);
    expect(Math.max(...measured)).toBeLessThanOrEqual(1.001);
    expect(prior.every(Number.isFinite)).toBe(true);
  });
});

describe('bench/allocation.ts', () => {
  it('prints the table of bounds and ours beside it', () => {
    const said = execFileSync(process.execPath, [BENCH, QWEN3], { encoding: 'utf8' });
    expect(said).toContain('252 tensors, 3.63 G weights, 36 layers');
    expect(said).toMatch(/ 9 {2}3\.813 +0\.216 +0\.\d{3} +0\.349 \| +0\.070 \| +0\.079 \| +0\.0563 \|/);
  });

  it.each([
    ['{', 'is not JSON'],
    ['{"model": "x"}', 'is not a table of divergences'],
    ['{"model": "x", "uniform": {}, "alone": []}', 'x: no matrix of a layer was measured alone'],
    [
      '{"model": "x", "uniform": {"q4_K": 1}, "alone": [{"tensor": "blk.0.ffn_up.weight", "elements": 9, "kld": {"q2_k_r4": 1}}]}',
      'x: neither of q2_k_r4, iq1_m, iq1_kt was measured both alone and in the whole model',
    ],
  ])('says what is wrong with a file: %s', (text, message) => {
    const { status, stderr } = spawnSync(process.execPath, [BENCH, written(text)], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.split('\n').length).toBeLessThan(8);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Rung } from '../src-main/contract/rungs.ts';
import type { Quality } from '../src-main/contract/fit-report.ts';
import { chooseBest } from '../src-main/fit/best-choice.ts';
import { fedTrial } from '../src-main/fit/fed-rounding.ts';
import { demoModel } from '../src-main/root.ts';
import { budgetOfBits } from './bits-budget.ts';
import { machine } from './measure.ts';
import { openMeasured } from './measured-model.ts';

// What feeding errors on does to whole models of the same types, with the inputs of matrices as the source has them and as the quantized
// layers below leave them: node bench/feedback-models.ts [--model FILE] [--mmproj FILE] [--types Q2_K,IQ1_M] [--bits 2.5]

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    mmproj: { type: 'string' },
    types: { type: 'string', default: 'Q3_K_M,Q2_K,IQ2_S,IQ1_M' },
    bits: { type: 'string', default: '2.5' },
    threads: { type: 'string' },
  },
});

type Types = ReadonlyMap<string, number>;

const WAYS = [
  ['plain', null],
  ['fed, inputs of the source', 'source'],
  ['fed, inputs of quantized layers', 'quantized'],
] as const;

function row(name: string, way: string, { image, text, answers }: Quality, plain: Quality) {
  const gain = (part: 'image' | 'text') =>
    1 - (quality(part)?.meanKld ?? NaN) / (plain[part]?.meanKld ?? NaN);
  const quality = (part: 'image' | 'text') => (part === 'image' ? image : text);
  return {
    plan: name,
    rounding: way,
    pictures: image?.meanKld ?? null,
    text: text?.meanKld ?? null,
    nearerPictures: gain('image'),
    nearerText: gain('text'),
    agreement: image?.topAgreement ?? null,
    answers: answers && `${answers.same} of ${answers.asked}`,
  };
}

using opened = await openMeasured(values);
const { measuring } = opened;

type Row = ReturnType<typeof row>;

async function rowsOf(name: string, types: Types): Promise<Row[]> {
  const rows: Row[] = [];
  let plain: Quality | undefined;
  for (const [way, inputs] of WAYS) {
    const trial = inputs === null ? { types } : await fedTrial(measuring, types, inputs);
    const quality = await measuring.trials.measure(trial);
    plain ??= quality;
    const made = row(name, way, quality, plain);
    rows.push(made);
    console.log(JSON.stringify(made));
  }
  return rows;
}

async function bestTypes(bits: number): Promise<Types> {
  const { request } = measuring;
  const budget = { ...request.budget, bytes: budgetOfBits(measuring, bits) };
  return (await chooseBest({ ...measuring, request: { ...request, budget } })).plan.types;
}

const rows: Row[] = [];
for (const rung of values.types.split(',') as Rung[]) {
  rows.push(...(await rowsOf(rung, measuring.planner.uniform(rung).types)));
}
for (const bits of values.bits === '' ? [] : values.bits.split(',').map(Number)) {
  rows.push(...(await rowsOf(`best in the memory of ${bits} bits`, await bestTypes(bits))));
}
const folder = join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
const date = new Date().toISOString().slice(0, 10);
writeFileSync(
  join(folder, 'feedback-models.json'),
  `${JSON.stringify({ date, machine: machine(), rows }, null, 2)}\n`,
);

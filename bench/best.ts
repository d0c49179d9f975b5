import { parseArgs } from 'node:util';
import { chooseBest } from '../src-main/fit/best-choice.ts';
import { identify, openContext } from '../src-main/fit/context.ts';
import { startMeasuring, type MeasuringContext } from '../src-main/fit/measuring-context.ts';
import { divergenceOf } from '../src-main/fit/quality.ts';
import { snugHome } from '../src-main/home.ts';
import { candidateKind } from '../src-main/contract/choice.ts';
import type { Candidate } from '../src-main/contract/fit-report.ts';
import { demoModel } from '../src-main/root.ts';
import { readSidecar } from '../src-main/models/sidecar.ts';

// How near the best plan comes beside LUQ's and uniform ones, in the memory that as many bits per weight would take:
// node bench/best.ts [--model FILE] [--mmproj FILE] [--bits 2,3,4] [--trials 2] [--ordering entropy]

const SIZES = [1.9, 2.2, 2.5, 2.9, 3.3, 3.8, 4.4, 5];

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    mmproj: { type: 'string' },
    bits: { type: 'string' },
    trials: { type: 'string', default: '2' },
    threads: { type: 'string' },
  },
});
const sizes = values.bits?.split(',').map(Number) ?? SIZES;
const mmprojPath = values.mmproj ?? readSidecar(values.model).mmproj;

/** Memory in all that a plan of so many bits per weight takes, without what llama.cpp arranges anew. */
function budgetOf({ planner, source }: MeasuringContext, bits: number): number {
  const { weightsBytes, totalBytes } = planner.unquantized().memory;
  return Math.round(totalBytes - weightsBytes + (bits * source.text.parameters) / 8);
}

const worst = ({ quality }: Candidate): number => divergenceOf(quality);
const leastOf = (candidates: readonly Candidate[], kind: string): number =>
  Math.min(...candidates.filter((one) => candidateKind(one) === kind).map(worst));

using read = await openContext(
  {
    modelPath: values.model,
    ...(mmprojPath === undefined ? {} : { mmprojPath }),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
    home: snugHome(),
    plan: 'best',
    trials: Number(values.trials),
  },
  {},
);
const measuring = await startMeasuring(await identify(read));
console.log(
  'bits | best | type for every tensor | LUQ | best uniform | nearer than the better of both | taken',
);
const gains: number[] = [];
for (const bits of sizes) {
  const budget = { ...measuring.request.budget, bytes: budgetOf(measuring, bits) };
  const { candidates, name } = await chooseBest({
    ...measuring,
    request: { ...measuring.request, budget },
  });
  const best = Math.min(...candidates.filter(({ chosen }) => chosen).map(worst));
  const [tensors, luq, uniform] = ['tensors', 'luq', 'uniform'].map((kind) => leastOf(candidates, kind));
  const rival = Math.min(luq ?? Infinity, uniform ?? Infinity);
  const gain = 1 - best / rival;
  if (Number.isFinite(rival)) gains.push(gain);
  const sized = candidates.map((one) => `${one.name} ${one.weightsBytes}`).join(', ');
  console.log(
    `${bits.toFixed(1)} | ${best.toFixed(4)} | ${tensors?.toFixed(4)} | ${luq?.toFixed(4)} | ${uniform?.toFixed(4)} | ${Number.isFinite(rival) ? `${(100 * gain).toFixed(0)} %` : 'nothing else fits'} | ${name} (${sized})`,
  );
}
gains.sort((a, b) => a - b);
console.log(
  `median: ${(100 * (gains[Math.floor(gains.length / 2)] ?? NaN)).toFixed(0)} % nearer; least ${(100 * (gains[0] ?? NaN)).toFixed(0)} %`,
);

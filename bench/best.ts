import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { RowMeasurer, readComparedTask, type ComparedTask } from '../src-main/compare/measured-row.ts';
import { candidateKind } from '../src-main/contract/choice.ts';
import type { Candidate } from '../src-main/contract/fit-report.ts';
import { chooseBest, type Chosen } from '../src-main/fit/best-choice.ts';
import { orderFor } from '../src-main/fit/luq-choice.ts';
import type { MeasuringContext } from '../src-main/fit/measuring-context.ts';
import { divergenceOf } from '../src-main/fit/quality.ts';
import { snugHome } from '../src-main/home.ts';
import { parseFileType } from '../src-main/luq/plan/rungs.ts';
import type { Plan } from '../src-main/luq/plan/plan.ts';
import { demoModel } from '../src-main/root.ts';
import { budgetOfBits } from './bits-budget.ts';
import { machine } from './measure.ts';
import { openMeasured } from './measured-model.ts';

// How near the best plan comes beside LUQ's and uniform ones, in the memory that as many bits per weight would take, and how many
// questions each answers correctly:
// node bench/best.ts [--model FILE] [--mmproj FILE] [--bits 2,3,4] [--trials 2] [--threads N] [--questions FILE [--limit 400]]
//   [--output FILE.json]
// The demo model's questions are written by tools/demo-model/questions.ts. What was measured is kept: a run that was stopped goes on.

const SIZES = [1.9, 2.2, 2.5, 2.9, 3.3, 3.8, 4.4, 5];

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    mmproj: { type: 'string' },
    bits: { type: 'string' },
    trials: { type: 'string', default: '2' },
    threads: { type: 'string' },
    questions: { type: 'string' },
    limit: { type: 'string', default: '400' },
    output: { type: 'string' },
  },
});
const sizes = values.bits?.split(',').map(Number) ?? SIZES;

/** A plan beside the others of its size. */
interface Rival {
  readonly name: string;
  readonly bytes: number;
  /** about pictures */
  readonly nats: number;
  readonly textNats: number | null;
  /** answered correctly, in percent; null where nothing was asked */
  readonly accuracy: number | null;
}

interface Size {
  readonly bits: number;
  readonly taken: Rival;
  readonly luq: Rival | null;
  readonly uniform: Rival | null;
}

const nearestOf = (candidates: readonly Candidate[], kind: string): Candidate | undefined =>
  candidates
    .filter((one) => candidateKind(one) === kind)
    .toSorted((a, b) => divergenceOf(a.quality) - divergenceOf(b.quality))[0];

class Bench {
  readonly #measuring: MeasuringContext;
  readonly #task: ComparedTask | undefined;
  readonly #rows: RowMeasurer;

  constructor(measuring: MeasuringContext, task: ComparedTask | undefined) {
    this.#measuring = measuring;
    this.#task = task;
    this.#rows = new RowMeasurer({ context: measuring, running: false }, task);
  }

  async size(bits: number): Promise<Size> {
    const { request, planner } = this.#measuring;
    const bytes = budgetOfBits(this.#measuring, bits);
    const sized = { ...this.#measuring, request: { ...request, budget: { ...request.budget, bytes } } };
    const chosen = await chooseBest(sized);
    const order = await orderFor(sized, request.plan.ordering);
    const uniform = nearestOf(chosen.candidates, 'uniform');
    return {
      bits,
      taken: await this.#taken(chosen),
      luq: await this.#rival(nearestOf(chosen.candidates, 'luq'), planner.smallestThatFits(order, bytes)),
      uniform: await this.#rival(uniform, uniform && planner.uniform(parseFileType(uniform.name))),
    };
  }

  async #taken({ candidates, plan }: Chosen): Promise<Rival> {
    const taken = await this.#rival(
      candidates.find((one) => one.chosen),
      plan,
    );
    if (!taken) throw new Error('the source itself fits: nothing to compare');
    return taken;
  }

  async #rival(candidate: Candidate | undefined, plan: Plan | undefined): Promise<Rival | null> {
    if (!candidate || !plan) return null;
    const { name, weightsBytes, quality } = candidate;
    const measured = this.#task && (await this.#rows.measure(this.#measuring.trials, plan));
    return {
      name,
      bytes: weightsBytes,
      nats: divergenceOf(quality),
      textNats: quality.text?.meanKld ?? null,
      accuracy: measured?.accuracy ?? null,
    };
  }

  /** Of a share of so many answers, in percent. */
  errorOf(percent: number): number {
    const share = percent / 100;
    return 100 * Math.sqrt((share * (1 - share)) / (this.#task?.questions.length ?? NaN));
  }
}

function gainOf({ taken, luq, uniform }: Size): number | undefined {
  const rival = Math.min(luq?.nats ?? Infinity, uniform?.nats ?? Infinity);
  return Number.isFinite(rival) ? 1 - taken.nats / rival : undefined;
}

function lineOf(bench: Bench, size: Size): string {
  const told = (rival: Rival | null) => {
    if (!rival) return 'nothing fits';
    const { name, bytes, nats, accuracy } = rival;
    const right =
      accuracy === null ? '' : `, ${accuracy.toFixed(1)} ± ${bench.errorOf(accuracy).toFixed(1)} %`;
    return `${nats.toFixed(4)} (${name}, ${bytes}${right})`;
  };
  const gain = gainOf(size);
  const nearer = gain === undefined ? '' : `${(100 * gain).toFixed(0)} %`;
  return [size.bits.toFixed(1), told(size.taken), told(size.luq), told(size.uniform), nearer].join(' | ');
}

using opened = await openMeasured(values, Number(values.trials));
const { questions, limit } = values;
const bench = new Bench(
  opened.measuring,
  readComparedTask({
    fit: { modelPath: values.model, home: snugHome() },
    ...(questions === undefined ? {} : { task: { name: 'own', data: questions, limit: Number(limit) } }),
  }),
);
console.log('bits | best | LUQ | best uniform type | nearer than the better of both');
const measured: Size[] = [];
for (const bits of sizes) {
  const size = await bench.size(bits);
  measured.push(size);
  console.log(lineOf(bench, size));
}
const gains = measured.flatMap((size) => gainOf(size) ?? []).sort((a, b) => a - b);
const [least = NaN, median = NaN] = [gains[0], gains[Math.floor(gains.length / 2)]];
console.log(`median: ${(100 * median).toFixed(0)} % nearer; least ${(100 * least).toFixed(0)} %`);
if (values.output !== undefined) {
  mkdirSync(dirname(values.output), { recursive: true });
  const facts = {
    machine: machine(),
    trials: Number(values.trials),
    questions: questions ? Number(limit) : 0,
  };
  writeFileSync(values.output, `${JSON.stringify({ ...facts, sizes: measured }, null, 1)}\n`);
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { wholeDivergence } from '../../src-main/luq/allocate/additivity.ts';
import { priorCosts, priorSensitivities } from '../../src-main/luq/allocate/prior.ts';
import type { PriorFigures } from '../../src-main/luq/allocate/prior-figures.ts';
import { classifyAll, TENSOR_CLASSES } from '../../src-main/luq/allocate/tensor-class.ts';
import { fitAlone, fitPrior, fitShape, sensitivitiesOf, sumsAndWholes, type Sensitivity } from './fit.ts';
import { readMeasured } from './measured.ts';
import { allocated, comparedBits, priorOf } from './ours.ts';
import { PricedModel } from './priced.ts';
import { priorFile } from './prior-file.ts';

// Fits the allocation's prior to a model's measured divergences, and prints what it leaves open:
// node tools/allocation/fit-prior.ts FILE.json [--write]

const TARGET = join(import.meta.dirname, '../../src-main/luq/allocate/fitted-prior.ts');
const [path, flag] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node tools/allocation/fit-prior.ts FILE.json [--write]');
  process.exit(2);
}
const measured = readMeasured(path);
const model = new PricedModel(measured);
const alone = fitAlone(measured);
const seen = sensitivitiesOf(alone);
const prior = fitPrior(measured);
const best = comparedBits(model).map((bits) =>
  model.price(allocated(model, (name, type) => model.cost(name, type), bits)),
);

const rms = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length).toFixed(3);

/** What a prior says of tensors, without what it adds for safety. */
function said(figures: PriorFigures, of: readonly Sensitivity[]): Map<string, number> {
  const all = classifyAll(seen.map(({ name }) => name));
  const nats = priorSensitivities(all, figures.layers, {
    ...figures,
    caution: { first: 1, bends: 1, every: 0 },
  });
  return new Map(of.map(({ name }) => [name, nats.get(name) ?? Number.NaN]));
}

function misses(figures: PriorFigures, of: readonly Sensitivity[]): number[] {
  const nats = said(figures, of);
  return of.map((one) => Math.log((nats.get(one.name) ?? Number.NaN) / one.nats));
}

/** What plans by these sensitivities cost in units of the best ones, at the sizes that are compared. */
function prices(sensitivities: ReadonlyMap<string, number>): string {
  const ratios = comparedBits(model).map((bits, i) => {
    const price = model.price(allocated(model, priorCosts(sensitivities, prior), bits));
    return (price / (best[i] ?? 1)).toFixed(3);
  });
  return ratios.join(' ');
}

/** Every part of the tensors as the others say that it is. */
function leftOut(partOf: (one: Sensitivity) => number | string): {
  misses: number[];
  nats: Map<string, number>;
} {
  const parts = [...new Set(seen.map(partOf))].map((part) => {
    const own = seen.filter((one) => partOf(one) === part);
    const others = seen.filter((one) => partOf(one) !== part);
    const figures = { ...prior, ...fitShape(others, prior.layers) };
    return { misses: misses(figures, own), nats: said(figures, own) };
  });
  return {
    misses: parts.flatMap((part) => part.misses),
    nats: new Map(parts.flatMap(({ nats }) => [...nats])),
  };
}

console.log(
  `${measured.model}: ${seen.length} matrices; rms of logarithms, and what plans cost in units of the best`,
);
console.log(`floor and type for each tensor        ${rms(alone.residuals)}`);
console.log(
  `class and depth                       ${rms(misses(prior, seen))}  ${prices(said(prior, seen))}`,
);
console.log(`… with caution                               ${prices(priorOf(model, prior))}`);
const flat = new Map(seen.map(({ name }) => [name, 1e-3]));
console.log(`every matrix alike                           ${prices(flat)}`);
const halves = [
  ['every other layer unseen', leftOut(({ layer }) => layer % 2)],
  ['every block of 6 layers unseen', leftOut(({ layer }) => Math.floor(layer / 6))],
  ['every third of the layers unseen', leftOut(({ layer }) => Math.floor((3 * layer) / prior.layers))],
] as const;
for (const [name, { misses: off, nats }] of halves)
  console.log(`${name.padEnd(37)} ${rms(off)}  ${prices(nats)}`);
for (const one of TENSOR_CLASSES) {
  const own = seen.filter((tensor) => tensor.class === one);
  console.log(`  ${one.padEnd(35)} ${rms(misses(prior, own))}`);
}
console.log('all tensors in one type: sum of each alone, whole measured, whole by the interaction, in nats');
for (const { type, sum, whole } of sumsAndWholes(measured, alone)) {
  const by = wholeDivergence(sum, prior.interaction);
  console.log(`  ${type.padEnd(10)} ${sum.toFixed(3)}  ${whole.toFixed(3)}  ${by.toFixed(3)}`);
}
const file = priorFile(prior, measured.source);
if (flag === '--write')
  writeFileSync(TARGET, await format(file, { ...(await resolveConfig(TARGET)), filepath: TARGET }));
else console.log(prior);

import { bitsPerWeight } from '../src-main/luq/allocate/ladder.ts';
import { priorCosts, type CostOf } from '../src-main/luq/allocate/prior.ts';
import { tensorTypeName } from '../src-main/gguf/tensor-types.ts';
import { bestOrder, randomOrderPrice, relaxedPrice, twoRungs, unitsBy } from '../tools/allocation/bounds.ts';
import { readMeasured } from '../tools/allocation/measured.ts';
import { allocated, comparedBits, comparedLowLayers, priorOf } from '../tools/allocation/ours.ts';
import { PricedModel } from '../tools/allocation/priced.ts';
import { pricesAfterTrials } from '../tools/allocation/simulated.ts';

// What plans of a real model cost, from its measured divergences, and what ours do beside them: node bench/allocation.ts FILE.json,
// and with --trials how far trials bring the prior.

function table(model: PricedModel): void {
  const order = bestOrder(model);
  const costs: CostOf[] = [priorCosts(priorOf(model)), (name, type) => model.cost(name, type)];
  const units = [
    unitsBy(model, ({ layer }) => String(layer)),
    unitsBy(model, (tensor) => tensor.class),
    unitsBy(model, ({ name }) => name),
  ];
  console.log(
    '   k   bits  two rungs: best order  random  worst | a type per layer | per class | per tensor | (a) prior alone | (b) with its data',
  );
  for (const k of comparedLowLayers(order.length)) {
    const best = twoRungs(model, order, k);
    const bits = model.bits(best);
    const [layer = 0, kind = 0, tensor = 0] = units.map((unit) => relaxedPrice(model, unit, bits));
    const prices = costs.map((cost) => model.price(allocated(model, cost, bits)));
    const ours = prices.map((price) => `${price.toFixed(4)} = ${(price / tensor).toFixed(3)} ×`.padStart(16));
    const others = [
      model.price(best).toFixed(3).padStart(20),
      randomOrderPrice(model, k).toFixed(3).padStart(7),
      model
        .price(twoRungs(model, order.toReversed(), k))
        .toFixed(3)
        .padStart(6),
    ];
    console.log(
      `  ${String(k).padStart(2)}  ${bits.toFixed(3)}  ${others.join(' ')} | ${layer.toFixed(3).padStart(16)} | ${kind.toFixed(3).padStart(9)} | ${tensor.toFixed(4).padStart(10)} | ${ours.join(' | ')}`,
    );
  }
}

const TRIALS = [0, 4, 8, 12, 20, 40];

/** How far trials bring the prior, where there is no figure of any tensor alone. */
function trialTable(model: PricedModel): void {
  const perTensor = unitsBy(model, ({ name }) => name);
  console.log(`  bits   (a) after so many trials, simulated by sums: ${TRIALS.join(', ')}; × per tensor`);
  for (const bits of comparedBits(model)) {
    const best = relaxedPrice(model, perTensor, bits);
    const ratios = pricesAfterTrials(model, bits, TRIALS).map((price) => (price / best).toFixed(3));
    console.log(`  ${bits.toFixed(3)}  ${ratios.join('  ')}`);
  }
}

function head(model: PricedModel): void {
  const layers = new Set(model.tensors.map(({ layer }) => layer)).size;
  console.log(
    `${model.name}: ${model.tensors.length} tensors, ${(model.elements / 1e9).toFixed(2)} G weights, ${layers} layers; KL divergence in nats`,
  );
  if (model.estimated.length > 0) {
    console.log(`  figures that were missing are estimated from others for: ${model.estimated.join(', ')}`);
  }
  for (const type of model.types) {
    const name = tensorTypeName(type).padEnd(8);
    console.log(
      `  all ${name} ${bitsPerWeight(type).toFixed(3).padStart(6)} bits  ${(model.uniform(type) ?? 0).toFixed(4)} measured`,
    );
  }
}

const [path, flag] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node bench/allocation.ts FILE.json [--trials]');
  process.exit(2);
}
try {
  const model = new PricedModel(readMeasured(path));
  head(model);
  table(model);
  if (flag === '--trials') trialTable(model);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

import { parseArgs } from 'node:util';
import { localErrors } from '../src-main/fit/local-errors.ts';
import type { MeasuringContext } from '../src-main/fit/measuring-context.ts';
import { choosableTensors, TensorPlans } from '../src-main/fit/tensor-plans.ts';
import { localCosts, type LocalErrors } from '../src-main/luq/allocate/local-errors.ts';
import { priorSensitivities } from '../src-main/luq/allocate/prior.ts';
import { demoModel } from '../src-main/root.ts';
import { budgetOfBits } from './bits-budget.ts';
import { openMeasured } from './measured-model.ts';

// How far plans are from the source whose local errors count a picture's token for more or less than a text's, without trials:
// node bench/picture-weight.ts [--model FILE] [--mmproj FILE] [--weights 1,0.3,0.1] [--bits 2.5,3.3,4.4] [--threads N]

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: demoModel },
    mmproj: { type: 'string' },
    weights: { type: 'string', default: '1,0.3,0.1' },
    bits: { type: 'string', default: '2.5,3.3,4.4' },
    threads: { type: 'string' },
  },
});

function plansBy(measuring: MeasuringContext, errors: LocalErrors): TensorPlans {
  const tensors = choosableTensors(measuring);
  const costs = localCosts(tensors, priorSensitivities(tensors, measuring.planner.layers), errors);
  const { entries } = measuring.calibrated.imatrix;
  return new TensorPlans(measuring, { costs, hasImportance: (name) => entries.has(name), speeds: [] });
}

using opened = await openMeasured(values);
const { measuring } = opened;
console.log('a picture’s token counts | bits | bytes | nats about pictures | nats on text');
for (const weightOfPictures of values.weights.split(',').map(Number)) {
  const errors = await localErrors(measuring, { weightOfPictures });
  const plans = plansBy(measuring, errors);
  for (const bits of values.bits.split(',').map(Number)) {
    const found = plans.within(budgetOfBits(measuring, bits));
    if (!found) continue;
    const { image, text } = await measuring.trials.measure(found.plan);
    const nats = [image, text].map((part) => part?.meanKld?.toFixed(4) ?? '–').join(' | ');
    console.log(`${weightOfPictures} | ${bits} | ${found.plan.memory.weightsBytes} | ${nats}`);
  }
}

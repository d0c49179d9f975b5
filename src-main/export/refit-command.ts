import { BUILT_IN_SET, MODEL_SET } from '../luq/calibrate/calibration-set.ts';
import type { MakingFacts } from './fit-facts.ts';

/** Sets that a fit takes by itself. */
const UNASKED_SETS: readonly string[] = [BUILT_IN_SET, MODEL_SET];

/** A flag and its value; nothing without one. */
function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

/** The name of a file that no program takes for a flag. */
function fileName(name: string): string {
  return name.startsWith('-') ? `./${name}` : name;
}

/** The `snug fit` command, as words, that makes a file again from its source; every default is said, so that none can change. */
export function refitCommand(facts: MakingFacts, output: string): string[] {
  const budget = facts['luq.budget.bytes'];
  const vision = facts['luq.vision.file'];
  const set = facts['luq.calibration.set'];
  const [high, low] = facts['luq.rungs'];
  return [
    ...['snug', 'fit', fileName(facts['luq.source.file'])],
    ...flag('--mmproj', vision && fileName(vision)),
    ...(budget === undefined ? flag('--layers', facts['luq.low_layers'].length) : flag('--budget', budget)),
    ...flag('--plan', facts['luq.plan.kind']),
    ...flag('--type', facts['luq.plan.file_type']),
    ...flag('--trials', facts['luq.plan.trials']),
    ...flag('--min-speed', facts['luq.plan.min_tokens_per_second']),
    ...flag('--rounding', facts['luq.rounding']),
    ...flag('--order', facts['luq.ordering']),
    ...flag('--max-kld', facts['luq.quality.max_kld']),
    ...flag('--min-agreement', facts['luq.quality.min_agreement']),
    ...flag('--rungs', `${high},${low}`),
    ...flag('--context', facts['luq.context_tokens']),
    ...flag('--image-tokens', facts['luq.image_tokens.max']),
    ...flag('--vision', facts['luq.vision.type']),
    ...(UNASKED_SETS.includes(set) ? [] : flag('--calibration', set)),
    ...flag('--calibration-tokens', facts['luq.calibration.most_tokens']),
    ...flag('--alpha', facts['luq.calibration.alpha']),
    ...flag('--seed', facts['luq.calibration.seed']),
    ...flag('--clusters', facts['luq.entropy.clusters']),
    ...flag('--threads', facts['luq.made_with.threads']),
    ...flag('--output', output),
  ];
}

import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Of tensors of no weights (norms, or what the type does not touch) and of types that were not tried, nothing is known: null. */
const figure = z.number().nullable();
const schema = z.object({
  model: z.string(),
  source: z.string().default('unknown'),
  uniform: z.record(z.string(), figure),
  alone: z.array(
    z.object({
      tensor: z.string(),
      elements: z.number().min(0).nullish(),
      kld: z.record(z.string(), figure).nullish(),
    }),
  ),
});

/** A tensor and what the divergence is with it alone in a type. */
export interface MeasuredTensor {
  readonly name: string;
  readonly elements: number;
  /** type → nats */
  readonly nats: ReadonlyMap<string, number>;
}

/** Mean KL divergence of a model from its source, in nats. */
export interface Measured {
  readonly model: string;
  readonly source: string;
  /** with every tensor in a type */
  readonly uniform: ReadonlyMap<string, number>;
  readonly alone: readonly MeasuredTensor[];
}

const known = (figures: Readonly<Record<string, number | null>>) =>
  new Map(Object.entries(figures).flatMap(([type, nats]) => (nats === null ? [] : [[type, nats] as const])));

/** @throws Error that says what of the file is not as it should be */
export function readMeasured(path: string): Measured {
  // Python writes NaN and Infinity, which JSON does not have
  const text = readFileSync(path, 'utf8').replace(/(?<=[:[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]}])/g, 'null');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = schema.safeParse(value);
  if (!read.success) throw new Error(`${path} is not a table of divergences: ${z.prettifyError(read.error)}`);
  const { model, source, uniform, alone } = read.data;
  return {
    model,
    source,
    uniform: known(uniform),
    alone: alone.flatMap(({ tensor, elements, kld }) =>
      elements && kld && tensor.endsWith('.weight') ? [{ name: tensor, elements, nats: known(kld) }] : [],
    ),
  };
}

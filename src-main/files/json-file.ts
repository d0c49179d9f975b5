import { existsSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { insist } from './retry-refused.ts';

/** A small file that Snug wrote for itself; undefined when it is missing, cut off or of another form: what it held is worked out again. */
export function readKept<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): z.infer<Schema> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(insist(() => readFileSync(path, 'utf8'))));
  } catch {
    return undefined;
  }
}

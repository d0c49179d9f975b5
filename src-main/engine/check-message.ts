import type { z } from 'zod';
import { REPORT_IT, SnugError } from '../contract/errors.ts';

/** The first fields that do not fit say where it went wrong. */
const TOLD_ISSUES = 3;

/**
 * What came from another process, as its schema makes it.
 * @throws SnugError BUG that names the message (`what`) and the path in it, and never a value
 */
export function checkMessage<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const issues = checked.error.issues
    .slice(0, TOLD_ISSUES)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  throw new SnugError('BUG', `${what} is not as agreed: ${issues.join('; ')}`, { advice: REPORT_IT });
}

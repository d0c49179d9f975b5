import { hasCode, SnugError } from '../contract/errors.ts';
import type { GgufTensor } from '../gguf/gguf.ts';

/** What is wrong with a tensor's values says whose they are. */
export function naming({ name }: GgufTensor, error: unknown): unknown {
  if (!hasCode(error, 'INCOHERENT') || error.message.includes(name)) return error;
  const { message, advice, remedies, cause } = error;
  return new SnugError('INCOHERENT', `${name}: ${message}`, { advice, remedies, cause });
}

import { paint } from './terminal-output.ts';

/** Commander's own errors in the form of ours. */
export function commanderError(text: string): string {
  return text.replace(/^error: /, `${paint('red', 'Error:')} `).trimEnd();
}

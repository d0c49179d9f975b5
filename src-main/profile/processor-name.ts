import { cpus } from 'node:os';

/** As Node has it, without asking another program; "unknown" on some ARM processors. */
export function processorName(): string {
  return cpus()[0]?.model.trim() || 'unknown';
}

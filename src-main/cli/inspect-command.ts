import type { Inspection } from '../contract/model.ts';
import { inspect } from '../models/inspect.ts';
import { formatBytes } from '../contract/bytes.ts';
import { output, paint } from '../doors/terminal/terminal-output.ts';
import { table } from './draw.ts';
import { givenModel, givenMmproj } from './given-files.ts';
import { EXIT } from './terminal.ts';

/** `snug inspect FILE`: what a GGUF is, tensor types by layer, and how it was made. */
export function inspectCommand(file: string, flags: { mmproj?: string; json?: boolean }): number {
  const inspection = inspect(
    givenModel(file),
    flags.mmproj === undefined ? undefined : givenMmproj(flags.mmproj),
  );
  if (flags.json) output.json(inspection);
  else output.lines(...describe(inspection));
  return EXIT.ok;
}

function describe(inspection: Inspection): string[] {
  const types = Object.entries(inspection.types).sort((a, b) => b[1].bytes - a[1].bytes);
  return [
    `${paint('bold', inspection.name)}: ${inspection.kind === 'text' ? 'text model' : 'vision file (mmproj)'}, ${inspection.architecture}`,
    `${formatBytes(inspection.bytes)}, ${inspection.parameters.toLocaleString('en')} parameters, ${inspection.bitsPerWeight.toFixed(2)} bits per weight`,
    ...Object.entries(inspection.facts).map(([label, value]) => `${label}: ${shown(value)}`),
    '',
    ...table(
      ['type', 'tensors', 'parameters', 'bytes'],
      types.map(([name, sum]) => [
        name,
        String(sum.tensors),
        sum.parameters.toLocaleString('en'),
        formatBytes(sum.bytes),
      ]),
    ),
    ...inspection.layers.map(
      ({ index, types: counts, bytes }) =>
        `layer ${String(index).padStart(2)}  ${formatBytes(bytes).padStart(10)}  ` +
        Object.entries(counts)
          .map(([name, count]) => `${count} × ${name}`)
          .join(', '),
    ),
    ...Object.entries(inspection.luq).map(([key, value]) => paint('dim', `${key}: ${shown(value)}`)),
  ];
}

/** Digits of a fraction that say anything: entropies and seconds are measured, not counted. */
const DIGITS = 4;

/** A value as a person reads it; --json has it in full. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return 'none';
  return Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(DIGITS)));
}

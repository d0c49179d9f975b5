import { InvalidArgumentError, Option, type Command } from 'commander';
import { join } from 'node:path';
import {
  COMPARE_PARTS,
  type ComparePart,
  type CompareRequest,
  type Comparison,
} from '../contract/comparison.ts';
import { SnugError } from '../contract/errors.ts';
import { startCompressWorker } from '../engine/workers.ts';
import { TASKS } from '../evaluate/tasks/tasks.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
import { modesAt } from '../files/private-files.ts';
import { snugHome } from '../home.ts';
import { output } from '../doors/terminal/terminal-output.ts';
import { addCalibrationOptions, fitRequest, wholeNumber, type FitFlags } from './arguments.ts';
import { givenFile, optionalFile } from './given-files.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

export interface CompareFlags extends FitFlags {
  readonly output: string;
  readonly parts?: readonly ComparePart[];
  readonly low?: readonly number[];
  readonly task?: string;
  readonly data?: string;
  readonly pictures?: string;
  readonly limit?: number;
  readonly rivals: boolean;
  readonly running: boolean;
}

/** A list of names or numbers, "a,b". */
function listOf<T>(parse: (item: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((item) => parse(item.trim()));
}

function part(text: string): ComparePart {
  const found = COMPARE_PARTS.find((one) => one === text);
  if (found) return found;
  throw new InvalidArgumentError(`Choose from ${COMPARE_PARTS.join(', ')}.`);
}

export function addCompareOptions(command: Command): Command {
  return addCalibrationOptions(
    command
      .option('--mmproj <file>', 'its vision file (default: the one in the same folder that fits)')
      .requiredOption('--output <folder>', 'where to write tables and figures')
      .option('--parts <names>', `only these of ${COMPARE_PARTS.join(', ')}`, listOf(part))
      .option(
        '--no-rivals',
        'leave out GPTQ, AWQ and BiLLM, which go through the model layer by layer for each',
      )
      .option('--low <k,k,...>', 'numbers of low layers to compare orders at', listOf(wholeNumber(1)))
      .addOption(new Option('--task <name>', 'ask every row this benchmark too').choices(Object.keys(TASKS)))
      .option('--data <file>', "the benchmark's data; see snug evaluate --help")
      .option('--pictures <folder>', 'where its pictures are (default: where the data is)')
      .option('--limit <n>', 'ask only the first questions', wholeNumber(1))
      .option('--no-running', 'do not run every row to measure its speed and memory')
      .option('--json', 'print one JSON object'),
  );
}

function compareRequest(modelPath: string, flags: CompareFlags): CompareRequest {
  const {
    output: _,
    parts = COMPARE_PARTS,
    rivals,
    low,
    task,
    data,
    pictures,
    limit,
    running,
    ...rest
  } = flags;
  if ((task === undefined) !== (data === undefined)) {
    throw new SnugError('BAD_ARGUMENT', '--task and --data go together', {
      advice: 'Give both, or neither.',
    });
  }
  return {
    fit: fitRequest(modelPath, rest),
    parts: parts.filter((name) => rivals || name !== 'rivals'),
    lowLayers: low,
    running,
    task:
      task === undefined || data === undefined
        ? undefined
        : {
            name: task,
            data: givenFile(data),
            pictures: optionalFile(pictures),
            limit,
          },
  };
}

/** `snug compare MODEL`: the paper's plan beside its rivals, as tables and figures. */
export async function compareCommand(modelPath: string, flags: CompareFlags): Promise<number> {
  const comparison = await run(compareRequest(modelPath, flags));
  // no other command draws: the libraries of figures and tables would make each of them start later
  const { plots } = await import('../compare/plots/plots.ts');
  const { toCsv, toMarkdown } = await import('../compare/tables.ts');
  const folder = givenFile(flags.output);
  const modes = modesAt(folder, snugHome());
  const files = {
    'comparison.json': `${JSON.stringify(comparison, null, 1)}\n`,
    'comparison.md': toMarkdown(comparison),
    'comparison.csv': toCsv(comparison),
    ...plots(comparison),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileAtomically(join(folder, name), content, modes);
  }
  if (flags.json) output.json(comparison);
  else {
    output.text(toMarkdown(comparison));
    output.lines(`Written to ${folder}: ${Object.keys(files).join(', ')}`);
  }
  return EXIT.ok;
}

async function run(request: CompareRequest): Promise<Comparison> {
  const display = new ProgressDisplay();
  try {
    return await withInterrupt(async (signal) => {
      await using worker = startCompressWorker();
      return await worker.compare(request, { signal, onEvent: (progress) => display.show(progress) });
    });
  } finally {
    display.finish();
  }
}

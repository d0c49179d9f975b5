import process from 'node:process';
import { toErrorData, type ErrorCode } from '../contract/errors.ts';
import type { Progress } from '../contract/progress.ts';
import { formatBytes } from '../contract/bytes.ts';
import { messages, output, paint } from '../doors/terminal/terminal-output.ts';
import { wayOn } from '../doors/terminal/remedy-words.ts';

/** Exit codes that scripts can rely on; documented in --help. */
export const EXIT = { ok: 0, failed: 1, badInput: 2, doesNotFit: 3, incoherent: 4, cancelled: 130 } as const;

const BAD_INPUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_ARGUMENT',
  'NOT_FOUND',
  'NOT_GGUF',
  'BROKEN_GGUF',
  'UNSUPPORTED_MODEL',
  'WRONG_PAIR',
  'ALREADY_QUANTIZED',
  'BAD_PICTURE',
  'NO_CALIBRATION',
  'TOO_FEW_TOKENS',
  'CANNOT_SEE',
  'FILE',
  'MODEL_LOAD',
  'MMPROJ_LOAD',
]);

/** Prints what went wrong and the way on; returns the exit code for it. With --json the same as data on stdout. */
export function reportError(error: unknown, options: { json: boolean }): number {
  const data = toErrorData(error);
  if (options.json) output.json({ error: data });
  if (data.code === 'CANCELLED') {
    messages.lines('', 'Stopped. What is done is kept: run the same command again to resume.');
    return EXIT.cancelled;
  }
  const bug = data.code === 'BUG' && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  messages.text(`\n${paint('red', 'Error:')} ${data.message}${bug}`);
  for (const words of wayOn(data)) messages.text(words);
  if (data.code === 'DOES_NOT_FIT') return EXIT.doesNotFit;
  if (data.code === 'INCOHERENT') return EXIT.incoherent;
  return BAD_INPUT.has(data.code) ? EXIT.badInput : EXIT.failed;
}

/** What a person should know that ends nothing. */
export function showNote(text: string | undefined): void {
  if (text !== undefined) messages.lines(paint('yellow', `Note: ${text}`));
}

/** Progress of a fit's stage, of the questions that a model is asked, or of files that are exported or copied. */
type ShownProgress =
  | Progress
  | (Omit<Progress, 'stage' | 'unit'> & { readonly stage: 'ask'; readonly unit: 'questions' })
  | (Omit<Progress, 'stage' | 'unit'> & {
      readonly stage: 'export' | 'download' | 'verify' | 'copy';
      readonly unit: 'bytes';
    });

export const STAGE_LABELS: Readonly<Record<ShownProgress['stage'], string>> = {
  profile: 'Profile',
  hash: 'Identify',
  convert: 'Copy in Q8_0',
  load: 'Load',
  calibrate: 'Calibrate',
  entropy: 'Entropy',
  reference: 'Source answers',
  plan: 'Plan',
  choose: 'Try plans',
  quantize: 'Quantize',
  assemble: 'Assemble',
  check: 'Check',
  measure: 'Measure',
  ask: 'Ask',
  export: 'Export',
  download: 'Download',
  verify: 'Check',
  copy: 'Copy',
};

function amount(progress: ShownProgress, value: number): string {
  return progress.unit === 'bytes' ? formatBytes(value) : Number(value.toFixed(1)).toLocaleString('en');
}

function timeLeft(seconds: number): string {
  return !Number.isFinite(seconds) || seconds < 1 ? '' : `${duration(seconds)} left`;
}

/** "5 s", "12 min", "2.5 h". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const BAR_WIDTH = 24;

/** Progress on stderr: a bar per stage on a terminal, plain lines where it is a file or a pipe. */
export class ProgressDisplay {
  readonly #live = messages.isTerminal;
  #stage: ShownProgress['stage'] | undefined;
  #total = 0;
  #started = 0;
  #firstDone = 0;
  #lastTenth = -1;

  show(progress: ShownProgress): void {
    // another total is other work, as a step of a comparison that tries layers one by one
    if (progress.stage !== this.#stage || progress.total !== this.#total) {
      this.finish();
      this.#stage = progress.stage;
      this.#total = progress.total;
      this.#started = performance.now();
      this.#firstDone = progress.done;
      this.#lastTenth = -1;
    }
    if (this.#live) this.#drawBar(progress);
    else this.#printLine(progress);
  }

  #drawBar(progress: ShownProgress): void {
    const share = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * BAR_WIDTH);
    const elapsed = (performance.now() - this.#started) / 1000;
    // what a resumed stage found done says nothing about the speed of now
    const rate = (progress.done - this.#firstDone) / elapsed;
    const left = elapsed > 1 ? timeLeft((progress.total - progress.done) / rate) : '';
    const label = STAGE_LABELS[progress.stage].padEnd(10);
    const counts = `${amount(progress, progress.done)} / ${amount(progress, progress.total)}`;
    const bar = paint('cyan', '█'.repeat(filled)) + paint('gray', '░'.repeat(BAR_WIDTH - filled));
    const detail = (progress.detail ?? '').slice(-40);
    messages.redraw(
      `${label} ${bar} ${counts} ${progress.unit === 'bytes' ? '' : progress.unit} ${left} ${paint('gray', detail)}`,
    );
  }

  #printLine(progress: ShownProgress): void {
    const tenth = progress.total > 0 ? Math.floor((progress.done / progress.total) * 10) : 0;
    if (tenth <= this.#lastTenth) return;
    this.#lastTenth = tenth;
    const unit = progress.unit === 'bytes' ? '' : ` ${progress.unit}`;
    messages.lines(
      `${STAGE_LABELS[progress.stage]}: ${amount(progress, progress.done)} of ${amount(progress, progress.total)}${unit}`,
    );
  }

  /** A line of its own between stages. */
  note(line: string): void {
    this.finish();
    messages.lines(line);
  }

  /** Leaves the last bar standing and goes to the next line. */
  finish(): void {
    if (this.#live && this.#stage !== undefined) messages.lines('');
    this.#stage = undefined;
  }
}

/** Runs a command's work with Ctrl-C as its cancel signal; a second Ctrl-C ends at once. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.cancelled);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

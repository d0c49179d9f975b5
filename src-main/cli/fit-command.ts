import { choiceSentence, roundingSentence } from '../contract/choice.ts';
import { worstCloseness } from '../contract/closeness.ts';
import type { FitReport } from '../contract/fit-report.ts';
import { STAGES, type Stage } from '../contract/progress.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import { counted } from '../contract/counted.ts';
import { FitService } from '../services/fit-service.ts';
import { orderTrust, undecidedNote } from '../contract/undecided.ts';
import { unfamiliarNotes } from '../contract/familiarity.ts';
import { formatBytes } from '../contract/bytes.ts';
import { output, paint } from '../doors/terminal/terminal-output.ts';
import { fitRequest, type FitFlags } from './arguments.ts';
import { answerLines, candidatesTable, entropyChart, filesTable, memoryLines } from './draw.ts';
import { duration, EXIT, ProgressDisplay, STAGE_LABELS, withInterrupt } from './terminal.ts';

/** `snug fit MODEL`: the main job from the terminal. */
export async function fitCommand(modelPath: string, flags: FitFlags): Promise<number> {
  return printReport(await runFit(fitRequest(modelPath, flags)), flags);
}

/** Fits with progress on stderr. */
export async function runFit(request: FitRequest): Promise<FitReport> {
  const service = new FitService();
  const display = new ProgressDisplay();
  try {
    return await withInterrupt((signal) =>
      service.fit(request, {
        signal,
        onEvent: (event) => {
          if (event.kind === 'progress') display.show(event.progress);
          if (event.kind === 'expected') display.note(expectedLine(event.stages));
        },
      }),
    );
  } finally {
    display.finish();
  }
}

/** "Expected: Calibrate 12 min, …": at most, from the speed of kernels where they were timed. */
function expectedLine(stages: Readonly<Partial<Record<Stage, number>>>): string {
  const known = STAGES.flatMap((stage) => {
    const seconds = stages[stage];
    return seconds === undefined ? [] : [`${STAGE_LABELS[stage]} ${duration(seconds)}`];
  });
  const total = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
  return `Expected, about: ${known.join(', ')}; ${duration(total)} in all`;
}

export function printReport(report: FitReport, flags: { json?: boolean }): number {
  const code = report.check.coherent ? EXIT.ok : EXIT.incoherent;
  if (flags.json) {
    output.json(report);
    return code;
  }
  output.lines(...describe(report));
  return code;
}

function summary(report: FitReport): string {
  const { plan, candidates } = report;
  const { lowLayers, layers, rungs, family } = plan;
  if (candidates.length > 0) return `the best of ${candidates.length} plans that were measured`;
  if (family === 'source') return 'the source as it is';
  if (family === 'uniform') return `${report.layers[0]?.rung ?? 'one file type'} everywhere`;
  if (lowLayers === 0) return `all ${layers} layers at ${rungs.high}; none has to go lower`;
  return `${lowLayers} of ${layers} layers at ${rungs.low}, the rest ${rungs.high}`;
}

function fedLines({ fed }: FitReport['plan']): string[] {
  if (!fed) return [];
  const { tensors, fed: better, meanGain } = fed;
  const gain = meanGain === null ? '' : `, with ${Math.round(meanGain * 100)} % less error in the mean`;
  return [
    `errors fed on in ${better} of ${counted(tensors, 'tensor')}${gain}; the others are rounded plainly`,
    '',
  ];
}

function describe(report: FitReport): string[] {
  const { plan, calibration, check, budget, files } = report;
  const undecided = undecidedNote(plan, 0);
  const sentences = [choiceSentence(report), roundingSentence(plan)].filter((text) => text !== null);
  const { words, tone } = worstCloseness([check.image, check.text]);
  const verdict = check.coherent
    ? paint(tone === 'good' ? 'green' : 'yellow', `Checked: the fitted model is ${words}.`)
    : paint(
        'red',
        `The fitted model is not coherent: ${check.reasons.join('; ')}. Use a larger budget${plan.family === 'luq' ? ', fewer low layers (--layers), a better low rung, --order edge-protected,' : ''}${plan.kind === 'best' ? '' : ' or --plan best'}.`,
      );
  return [
    '',
    `${paint('bold', report.model.name)}: ${summary(report)}`,
    `budget ${formatBytes(budget.bytes)} (${budget.source}), context ${plan.contextTokens} tokens`,
    ...memoryLines(plan.predictedMemory),
    `calibrated on ${counted(calibration.tokens, 'token')} in ${counted(calibration.sequences, 'sequence')}, ` +
      `${calibration.imageTokens.toLocaleString('en')} of them from pictures${calibration.calibratedWith === 'q8_0' ? ', through a copy in Q8_0' : ''}${calibration.reused ? ' (kept from an earlier run)' : ''}`,
    '',
    ...entropyChart(report.layers),
    paint('dim', orderTrust(calibration)),
    ...(undecided === null ? [] : [undecided]),
    ...plan.fallbacks.map(
      ({ tensor, columns, type }) => `${tensor}: rows of ${columns} do not divide by 256, stored as ${type}`,
    ),
    '',
    ...fedLines(plan),
    ...candidatesTable(report),
    ...(sentences.length > 0 ? [...sentences.map((text) => paint('bold', text)), ''] : []),
    ...filesTable(report),
    verdict,
    ...unfamiliarNotes(check).map((note) => paint('yellow', note)),
    '',
    ...answerLines(report),
    '',
    ...report.warnings.map((warning) => paint('yellow', `Note: ${warning}`)),
    `Saved as ${files.luq.path ?? ''}`,
  ];
}

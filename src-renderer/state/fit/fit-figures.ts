import { counted } from '../../../src-main/contract/counted.ts';
import type { FitReport } from '../../../src-main/contract/fit-report.ts';
import { correctedSpeed } from '../../../src-main/contract/fit-speed.ts';
import { formatBytes, formatRate, formatSeconds } from '../../text/format.ts';
import type { Outcome } from './budget.ts';
import { methodOf } from './fit-method.ts';
import type { FitState } from './fit.svelte.ts';
import { foreseenQuality, qualityAt } from '../../text/quality-words.ts';

/** What the slider's place gives, as numbers: measured where this very plan was fitted, else predicted. */
export interface PlanNumbers {
  readonly fileBytes: number;
  /** predicted: what budgets are compared with */
  readonly memoryBytes: number;
  readonly tokensPerSecond: number | null;
  /** whether file and speed are of a fit that was made */
  readonly measured: boolean;
}

type Planned = Pick<FitState, 'slider' | 'lastReport' | 'method'>;

export function numbersOf(fit: Planned): PlanNumbers | null {
  const { lastReport } = fit;
  const { outcome } = fit.slider;
  if (outcome === null) return null;
  const memoryBytes = outcome.memory.totalBytes;
  if (lastReport !== null && isSamePlan(fit, lastReport)) {
    const { bytes, tokensPerSecond } = lastReport.files.luq;
    return { fileBytes: bytes, memoryBytes, tokensPerSecond, measured: true };
  }
  const { fileBytes, tokensPerSecond } = outcome;
  return {
    fileBytes,
    memoryBytes,
    tokensPerSecond: correctedSpeed(tokensPerSecond, lastReport),
    measured: false,
  };
}

function isSamePlan({ slider, method }: Planned, { plan }: FitReport): boolean {
  const { preview, lowLayers, outcome } = slider;
  return (
    // what the nearest plan turns out to be, only measuring tells
    lowLayers !== null &&
    plan.lowLayers === lowLayers &&
    // another budget may have left no room for the layouts that this one does
    plan.predictedMemory.wide === outcome?.memory.wide &&
    methodOf(plan) === method &&
    plan.contextTokens === preview?.contextTokens &&
    plan.rungs.high === preview.rungs.high &&
    plan.rungs.low === preview.rungs.low
  );
}

/** The few numbers a budget comes down to. */
export function figuresOf(fit: FitState): readonly Figure[] {
  const { preview } = fit.slider;
  const numbers = numbersOf(fit);
  if (numbers === null || preview === null) return [];
  const { foreseen = null } = fit.slider.outcome ?? {};
  if (foreseen !== null) {
    return [
      {
        label: 'Bits per weight',
        value: foreseen.bitsPerWeight.toFixed(2),
        note: 'on average; 16 is the original',
      },
      ...sizeFigures(numbers),
      { label: 'Quality', ...foreseenQuality(foreseen.nats) },
    ];
  }
  const layers = preview.byLowLayers.length - 1;
  const lowLayers = fit.slider.lowLayers ?? layers;
  const ultraLow = `${lowLayers} of ${layers}`;
  if (!fit.foreseeable) {
    return [
      { label: 'Ultra-low layers', value: '–', note: 'found by measuring' },
      {
        label: 'Memory',
        value: `≤ ${formatBytes(fit.slider.bytes)}`,
        note: `${ultraLow} ultra-low would do`,
      },
      { label: 'Quality', value: '–', note: 'known after a check' },
    ];
  }
  return [
    { label: 'Ultra-low layers', value: ultraLow },
    ...sizeFigures(numbers),
    { label: 'Quality', ...qualityAt(lowLayers, fit.checkedFits) },
  ];
}

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

function sizeFigures({ fileBytes, memoryBytes, tokensPerSecond, measured }: PlanNumbers): readonly Figure[] {
  const known = measured ? 'measured' : 'predicted';
  return [
    { label: 'File', value: formatBytes(fileBytes) },
    { label: 'Memory', value: formatBytes(memoryBytes), note: 'predicted' },
    tokensPerSecond === null
      ? { label: 'Speed', value: '–', note: 'measured while fitting' }
      : {
          label: 'Speed',
          value: fitSpeedWords(tokensPerSecond, measured),
          note: `tokens per second, ${known}`,
        },
  ];
}

/** What becomes of the weights, in few words. */
export function outcomeWords({ lowLayers, foreseen }: Outcome): string {
  if (foreseen !== null) return `${foreseen.bitsPerWeight.toFixed(2)} bits per weight`;
  return lowLayers === 0 || lowLayers === null
    ? 'no layer ultra-low'
    : `${counted(lowLayers, 'layer')} ultra-low`;
}

/** ≈ for what was not run: two figures of it are all that is known. */
export function fitSpeedWords(tokensPerSecond: number, measured: boolean): string {
  return measured ? formatRate(tokensPerSecond) : `≈ ${formatRate(Number(tokensPerSecond.toPrecision(2)))}`;
}

/** What pressing the button will give, in a line. */
export function promise(fit: FitState): string {
  const numbers = numbersOf(fit);
  if (numbers === null || fit.slider.preview === null) return '';
  const { seconds, measured } = fit.slider.preview.expectedTime;
  if (!fit.foreseeable)
    return `At most ${formatBytes(fit.slider.bytes)} of memory · takes several times as long as a single plan`;
  const { fileBytes, memoryBytes, tokensPerSecond } = numbers;
  return [
    `${formatBytes(fileBytes)} file`,
    `${formatBytes(memoryBytes)} of memory`,
    ...(tokensPerSecond === null
      ? []
      : [`${fitSpeedWords(tokensPerSecond, numbers.measured)} tokens per second`]),
    `takes ${measured ? 'about' : 'roughly'} ${formatSeconds(rounded(seconds))}`,
  ].join(' · ');
}

/** Two hours is told to the quarter, two minutes to ten seconds. */
function rounded(seconds: number): number {
  const step = seconds < 60 ? 5 : seconds < 600 ? 30 : seconds < 3600 ? 60 : 900;
  return Math.max(step, Math.round(seconds / step) * step);
}

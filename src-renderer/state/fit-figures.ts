import { formatBytes, formatRate } from '../format.ts';
import type { FitState } from './fit.svelte.ts';
import { qualityAt } from './quality.ts';

/** The few numbers a budget comes down to. */
export function figuresOf(fit: FitState): readonly {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}[] {
  const { outcome, preview } = fit;
  if (outcome === null || preview === null) return [];
  const layers = preview.byLowLayers.length - 1;
  const lowLayers = fit.lowLayers ?? layers;
  const ultraLow = `${lowLayers} of ${layers}`;
  if (!fit.foreseeable) {
    return [
      { label: 'Ultra-low layers', value: '–', note: 'found by measuring' },
      { label: 'Memory', value: `≤ ${formatBytes(fit.budgetBytes)}`, note: `${ultraLow} ultra-low would do` },
      { label: 'Quality', value: '–', note: 'known after a check' },
    ];
  }
  const speed = outcome.tokensPerSecond ?? measuredSpeed(fit);
  return [
    { label: 'Ultra-low layers', value: ultraLow },
    { label: 'File', value: formatBytes(outcome.fileBytes) },
    { label: 'Memory', value: formatBytes(outcome.memory.totalBytes), note: 'predicted' },
    speed === null
      ? { label: 'Speed', value: '–', note: 'measured while fitting' }
      : { label: 'Speed', value: `≈ ${formatRate(speed)}`, note: 'tokens per second' },
    { label: 'Quality', ...qualityAt(lowLayers, fit.checkedFits) },
  ];
}

/** Of the last fit, where that has as many ultra-low layers. */
function measuredSpeed({ lastReport, lowLayers }: FitState): number | null {
  return lastReport?.plan.lowLayers === lowLayers ? (lastReport?.files.luq.tokensPerSecond ?? null) : null;
}

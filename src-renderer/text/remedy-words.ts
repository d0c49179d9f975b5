import type { Kernels } from '../../src-main/contract/kernels.ts';
import type { Remedy } from '../../src-main/contract/remedies.ts';
import { formatBytes, formatCount, formatPercent } from './format.ts';
import { unbroken } from './unbroken.ts';

/** Of remedies that are the same everywhere. */
const PLAIN = {
  'add-vision-file': 'Add vision file',
  'choose-vision-file': 'Choose vision file',
  'fewer-picture-tokens': 'Lower the picture detail',
  'smaller-vision': 'Store the vision file in 8 bits',
  'try-plans': 'Take the nearest plan',
  'choose-output': 'Choose another name',
  'replace-files': 'Replace them',
  'choose-home': 'Choose another folder for Snug',
  'choose-models-folder': 'Choose another folder',
  'choose-calibration': 'Choose other pictures',
  'built-in-calibration': 'Use the built-in pictures',
  'choose-pictures-folder': 'Choose the folder of the pictures',
  'choose-port': 'Choose another port',
  'fit-model': 'Fit this model',
  'load-anyway': 'Load anyway',
  'choose-model': 'Choose another model',
  'get-model': 'Get this model',
  'open-page': 'Open the page',
  'give-token': 'Give a token',
};

const KERNEL_LABELS: Readonly<Record<Kernels, string>> = {
  auto: 'Use Snug’s kernels as fast as memory allows',
  own: 'Use Snug’s fastest kernels',
  stock: 'Use llama.cpp’s kernels',
};

/** What the button of a remedy says. */
export function remedyLabel(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'set-context':
      return `Use a context of ${formatCount(remedy.tokens)} tokens`;
    case 'limit-picture-tokens':
      return `Limit pictures to ${formatCount(remedy.tokens)} tokens`;
    case 'set-budget':
      return `Allow ${formatBytes(remedy.bytes)}`;
    case 'ask-agreement':
      return `Ask for ${formatPercent(remedy.share)}`;
    case 'allow-divergence':
      return unbroken(`Allow a divergence of ${remedy.nats} nats`);
    case 'set-rungs':
      return `Use ${remedy.high} and ${remedy.low}`;
    case 'set-file-type':
      return `Use ${remedy.type}`;
    case 'set-speed':
      return `Ask for ${remedy.tokensPerSecond} tokens per second`;
    case 'set-kernels':
      return KERNEL_LABELS[remedy.kernels];
    case 'set-clusters':
      return `Use ${formatCount(remedy.clusters)} clusters`;
    default:
      return PLAIN[remedy.kind];
  }
}

import { formatBytes } from '../../src-main/contract/bytes.ts';
import type { Remedy } from '../../src-main/contract/remedies.ts';
import { formatCount, formatPercent } from './format.ts';

/** What the button of a remedy says. */
export function remedyLabel(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'add-vision-file':
      return 'Add vision file';
    case 'choose-vision-file':
      return 'Choose vision file';
    case 'set-context':
      return `Use a context of ${formatCount(remedy.tokens)} tokens`;
    case 'limit-picture-tokens':
      return `Limit pictures to ${formatCount(remedy.tokens)} tokens`;
    case 'fewer-picture-tokens':
      return 'Lower the picture detail';
    case 'smaller-vision':
      return 'Store the vision file in 8 bits';
    case 'set-budget':
      return `Allow ${formatBytes(remedy.bytes)}`;
    case 'ask-agreement':
      return `Ask for ${formatPercent(remedy.share)}`;
    case 'allow-divergence':
      return `Allow a divergence of ${remedy.nats} nats`;
    case 'try-plans':
      return 'Try several plans';
    case 'set-rungs':
      return `Use ${remedy.high} and ${remedy.low}`;
    case 'set-clusters':
      return `Use ${formatCount(remedy.clusters)} clusters`;
    case 'choose-output':
      return 'Choose another name';
    case 'choose-home':
      return 'Choose another folder for Snug';
    case 'choose-models-folder':
      return 'Choose another folder';
    case 'choose-calibration':
      return 'Choose other pictures';
    case 'built-in-calibration':
      return 'Use the built-in pictures';
    case 'choose-pictures-folder':
      return 'Choose the folder of the pictures';
    case 'choose-port':
      return 'Choose another port';
    case 'fit-model':
      return 'Fit this model';
    case 'load-anyway':
      return 'Load anyway';
    case 'choose-model':
      return 'Choose another model';
  }
}

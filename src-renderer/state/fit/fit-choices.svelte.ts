import type { FitStart } from '../../../src-main/contract/fit-job.ts';
import type { Remedy } from '../../../src-main/contract/remedies.ts';
import type { FitMethod } from '../../text/fit-methods.ts';
import { startOf } from './fit-method.ts';

/** What a person may choose of a fit besides its budget. */
export class FitChoices {
  /** null: the one in the settings */
  contextTokens: number | null = $state(null);
  /** most tokens a picture may take; null leaves it to the model */
  pictureTokens: number | null = $state(null);
  smallerVision: boolean = $state(false);
  writesAllHigh: boolean = $state(false);
  calibrationFolder: string = $state('');
  method: FitMethod = $state('best');
  /** least share of next words as the original's; null asks for nothing */
  minAgreement: number | null = $state(null);

  /** What a preview depends on, of the choices here. */
  get size(): Pick<FitStart, 'imageMaxTokens' | 'visionType'> {
    return {
      ...(this.pictureTokens === null ? {} : { imageMaxTokens: this.pictureTokens }),
      ...(this.smallerVision ? { visionType: 'Q8_0' as const } : {}),
    };
  }

  start(): Omit<FitStart, 'modelId' | 'budgetBytes' | 'contextTokens'> {
    const folder = this.calibrationFolder.trim();
    return {
      ...this.size,
      ...(folder === '' ? {} : { calibrationFolder: folder }),
      ...(this.writesAllHigh ? { compare: true } : {}),
      ...startOf(this.method),
      ...(this.minAgreement === null ? {} : { minAgreement: this.minAgreement }),
    };
  }

  /** Chooses what a remedy says; false for one that is no choice of these. */
  take(remedy: Remedy): boolean {
    switch (remedy.kind) {
      case 'set-context':
        this.contextTokens = remedy.tokens;
        return true;
      case 'limit-picture-tokens':
        this.pictureTokens = remedy.tokens;
        return true;
      case 'smaller-vision':
        this.smallerVision = true;
        return true;
      case 'ask-agreement':
        this.minAgreement = remedy.share;
        return true;
      case 'try-plans':
        this.method = 'best';
        return true;
      case 'built-in-calibration':
        this.calibrationFolder = '';
        return true;
      default:
        return false;
    }
  }
}

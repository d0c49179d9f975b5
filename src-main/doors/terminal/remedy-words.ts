import type { ErrorWords } from '../../contract/errors.ts';
import type { Remedy } from '../../contract/remedies.ts';
import { bytesFlag } from '../../contract/bytes.ts';

/** What a person can do about an error, a line each. */
export function wayOn({ advice, remedies = [] }: Pick<ErrorWords, 'advice' | 'remedies'>): string[] {
  const typed = remedies.flatMap((remedy) => remedyWords(remedy) ?? []);
  return [...(advice ? [advice] : []), ...typed.map((words) => `  ${words}`)];
}

/** What to type for a remedy; undefined for what only the window has. */
export function remedyWords(remedy: Remedy): string | undefined {
  switch (remedy.kind) {
    case 'add-vision-file':
      return '--mmproj FILE gives the model its vision file';
    case 'choose-vision-file':
      return `--mmproj FILE chooses one of: ${remedy.paths.join(', ')}`;
    case 'set-context':
      return `--context ${remedy.tokens}`;
    case 'limit-picture-tokens':
      return `--image-tokens ${remedy.tokens}`;
    case 'fewer-picture-tokens':
      return '--image-tokens N lets a picture take fewer tokens';
    case 'smaller-vision':
      return '--vision Q8_0 stores the vision file in 8 bits';
    case 'set-budget':
      return `--budget ${bytesFlag(remedy.bytes)}`;
    case 'ask-agreement':
      return `--min-agreement ${remedy.share}`;
    case 'allow-divergence':
      return `--max-kld ${remedy.nats}`;
    case 'try-plans':
      return '--plan auto measures several plans and takes the best';
    case 'set-rungs':
      return `--rungs ${remedy.high},${remedy.low}`;
    case 'set-clusters':
      return `--clusters ${remedy.clusters}`;
    case 'choose-output':
      return '--output FILE chooses another name or place';
    case 'choose-home':
      return 'SNUG_HOME=FOLDER, set before the command, keeps Snug’s files in another folder';
    case 'choose-models-folder':
      return undefined;
    case 'choose-calibration':
      return '--calibration FOLDER chooses a folder of pictures';
    case 'built-in-calibration':
      return 'without --calibration the built-in set is used';
    case 'choose-pictures-folder':
      return '--pictures FOLDER says where the pictures are';
    case 'choose-port':
      return '--port N chooses another port; without it a free one is taken';
    case 'fit-model':
      return 'snug fit MODEL compresses the model first';
    case 'load-anyway':
      return '--anyway loads it all the same';
    case 'choose-model':
      return '--model FILE chooses another model';
  }
}

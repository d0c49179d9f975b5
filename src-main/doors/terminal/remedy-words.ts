import type { ErrorWords } from '../../contract/errors.ts';
import type { Remedy } from '../../contract/remedies.ts';
import { bytesFlag } from '../../contract/bytes.ts';

/** What a person can do about an error, a line each. */
export function wayOn({ advice, remedies = [] }: Pick<ErrorWords, 'advice' | 'remedies'>): string[] {
  const typed = remedies.flatMap((remedy) => remedyWords(remedy) ?? []);
  return [...(advice ? [advice] : []), ...typed.map((words) => `  ${words}`)];
}

/** Of remedies that are the same everywhere. */
const PLAIN = {
  'add-vision-file': '--mmproj FILE gives the model its vision file',
  'fewer-picture-tokens': '--image-tokens N lets a picture take fewer tokens',
  'smaller-vision': '--vision Q8_0 stores the vision file in 8 bits',
  'try-plans': '--plan best measures several plans and takes the best',
  'choose-output': '--output FILE chooses another name or place',
  'replace-files': '--replace writes over the files that are there',
  'choose-home': 'SNUG_HOME=FOLDER, set before the command, keeps Snug’s files in another folder',
  'choose-models-folder': undefined,
  'choose-calibration': '--calibration FOLDER chooses a folder of pictures',
  'built-in-calibration': 'without --calibration the built-in set is used',
  'choose-pictures-folder': '--pictures FOLDER says where the pictures are',
  'choose-port': '--port N chooses another port; without it a free one is taken',
  'fit-model': 'snug fit MODEL compresses the model first',
  'load-anyway': '--anyway loads it all the same',
  'choose-model': '--model FILE chooses another model',
  'give-token':
    'snug get --ask-token gives the hub your token; HF_TOKEN=TOKEN, set before the command, gives it to huggingface.co',
};

/** What to type for a remedy; undefined for what only the window has. */
export function remedyWords(remedy: Remedy): string | undefined {
  switch (remedy.kind) {
    case 'choose-vision-file':
      return `--mmproj FILE chooses one of: ${remedy.paths.join(', ')}`;
    case 'set-context':
      return `--context ${remedy.tokens}`;
    case 'limit-picture-tokens':
      return `--image-tokens ${remedy.tokens}`;
    case 'set-budget':
      return `--budget ${bytesFlag(remedy.bytes)}`;
    case 'ask-agreement':
      return `--min-agreement ${remedy.share}`;
    case 'allow-divergence':
      return `--max-kld ${remedy.nats}`;
    case 'set-rungs':
      return `--rungs ${remedy.high},${remedy.low}`;
    case 'set-file-type':
      return `--type ${remedy.type}`;
    case 'set-speed':
      return `--min-speed ${remedy.tokensPerSecond}`;
    case 'set-kernels':
      return `--kernels ${remedy.kernels}`;
    case 'set-clusters':
      return `--clusters ${remedy.clusters}`;
    case 'get-model':
      return `snug get ${remedy.address}`;
    case 'open-page':
      return `open ${remedy.address} in a browser`;
    default:
      return PLAIN[remedy.kind];
  }
}

import type { CatalogueItem, Needs, Offer, VerdictKind } from '../../src-main/contract/catalogue.ts';
import { formatBytes, formatCount, formatParameters, formatSeconds } from './format.ts';

/** What the tag of a verdict says. */
export const VERDICTS: Readonly<Record<VerdictKind, string>> = {
  fits: 'Fits',
  'fits-with-fit': 'Fits with a fit',
  'too-large': 'Too large',
};

/** "7.6 B parameters, 28 layers, pictures of up to 4,096 tokens". */
export function modelWords({ parameters, layers, pictureTokens }: CatalogueItem): string {
  return `${formatParameters(parameters)} parameters, ${formatCount(layers)} layers, pictures of up to ${formatCount(pictureTokens.max)} tokens`;
}

/** "About 15.5 GiB to download". */
export function downloadSize({ exact, downloadBytes }: Needs): string {
  return `${exact ? '' : 'About '}${formatBytes(downloadBytes)} to download`;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  /** what it is to be held against */
  readonly against: string | null;
}

/** What downloading and fitting a model takes, as a list. */
export function needFacts({ needs, sees }: Pick<Offer, 'needs' | 'sees'>): Fact[] {
  const { disk, memory, downloadSeconds, fitTime, downloadBytes } = needs;
  const free = `${formatBytes(disk.freeBytes)} free`;
  const spare = `${formatBytes(memory.comfortableBytes)} to spare`;
  return [
    {
      label: sees ? 'Download, vision file included' : 'Download',
      value: formatBytes(downloadBytes),
      against: free,
    },
    ...(fitTime
      ? [{ label: 'Disk when the fit takes most', value: formatBytes(disk.peakBytes), against: free }]
      : []),
    ...(fitTime && disk.work
      ? [
          {
            label: 'Of it where Snug works',
            value: formatBytes(disk.work.peakBytes),
            against: `${formatBytes(disk.work.freeBytes)} free`,
          },
        ]
      : []),
    { label: 'Memory as it is', value: formatBytes(memory.unfittedBytes), against: spare },
    ...(memory.fittedBytes
      ? [
          {
            label: 'Memory once fitted',
            value: `${formatBytes(memory.fittedBytes.least)} to ${formatBytes(memory.fittedBytes.most)}`,
            against: spare,
          },
        ]
      : []),
    ...(memory.fittingBytes === null ? [] : [fittingFact(memory.fittingBytes, memory.comfortableBytes)]),
    ...(downloadSeconds === null
      ? []
      : [{ label: 'Download time', value: `about ${formatSeconds(downloadSeconds)}`, against: null }]),
    ...(fitTime
      ? [{ label: 'Time of the fit here', value: `about ${formatSeconds(fitTime.seconds)}`, against: null }]
      : []),
  ];
}

function fittingFact(bytes: number, comfortableBytes: number): Fact {
  const isMore = bytes > comfortableBytes;
  return {
    label: 'Memory while it is fitted',
    value: formatBytes(bytes),
    against: isMore ? 'more than there is: it reads from the disk instead, and takes longer' : null,
  };
}

/** How a choice of a file is called: "F16, 15.5 GiB". */
export function choiceWords({ precision, bytes, mayBeFitted }: Offer['choices'][number]): string {
  return `${precision}, ${formatBytes(bytes)}${mayBeFitted ? '' : ', to chat with as it is'}`;
}

import { formatBytes, formatParameters } from '../contract/bytes.ts';
import type { Catalogue, CatalogueItem, Offer, VerdictKind } from '../contract/catalogue.ts';
import { paint } from '../doors/terminal/terminal-output.ts';

const VERDICTS: Readonly<Record<VerdictKind, string>> = {
  fits: paint('green', 'fits'),
  'fits-with-fit': paint('green', 'fits with a fit'),
  'too-large': paint('yellow', 'too large'),
};

/** `snug get` without a name: what can be had by its name, and whether it would fit here. */
export function catalogueLines({ items, recommended, hub }: Catalogue): string[] {
  return [
    ...items.flatMap((item) => [...itemLines(item, item.id === recommended), '']),
    `Sizes are estimates; exact ones are asked of ${hub} by snug get NAME, before anything is downloaded.`,
    'Any other model is had by its repository: snug get OWNER/NAME, or OWNER/NAME:Q8_0 for one of its files.',
  ];
}

function itemLines(item: CatalogueItem, isRecommended: boolean): string[] {
  const { id, name, needs, precision, verdict, parameters, licence } = item;
  const best = isRecommended ? paint('cyan', ' (best for this laptop)') : '';
  const size = `${formatParameters(parameters)} parameters, about ${formatBytes(needs.downloadBytes)} in ${precision}`;
  return [
    `${paint('bold', id)}  ${name}: ${VERDICTS[verdict.kind]}${best}`,
    `  ${item.description}`,
    `  ${size}. ${verdict.reason}`,
    paint('gray', `  ${licence.name}: ${licence.words} ${licence.url}`),
  ];
}

/** What a download would come to, before it begins. */
export function offerLines(offer: Offer): string[] {
  const { needs, verdict, licence, choices } = offer;
  const { disk, memory, fitTime, downloadSeconds } = needs;
  const others = choices.filter(({ precision }) => precision !== offer.precision);
  const free = `${formatBytes(disk.freeBytes)} free`;
  return [
    `${paint('bold', offer.name)} in ${offer.precision}, from ${offer.repository}: ${VERDICTS[verdict.kind]}`,
    verdict.reason,
    ...(offer.why === null ? [] : [offer.why]),
    `Download  ${formatBytes(needs.downloadBytes)} (${free})${downloadSeconds === null ? '' : `, ${minutes(downloadSeconds)}`}`,
    ...(fitTime
      ? [`Fit       ${formatBytes(disk.peakBytes)} of disk when it takes most, ${minutes(fitTime.seconds)}`]
      : []),
    `Memory    ${formatBytes(memory.unfittedBytes)} as it is${fittedWords(memory.fittedBytes)}; ${formatBytes(memory.comfortableBytes)} to spare`,
    ...(licence
      ? [`Licence   ${licence.name}${licence.words === null ? '' : `: ${licence.words}`} ${licence.url}`]
      : []),
    ...(others.length > 0
      ? [
          `Also as   ${others.map(({ precision, bytes }) => `${precision} (${formatBytes(bytes)})`).join(', ')}`,
        ]
      : []),
    ...offer.notes.map((note) => paint('yellow', `Note: ${note}`)),
  ];
}

function fittedWords(fitted: Offer['needs']['memory']['fittedBytes']): string {
  return fitted === null ? '' : `, ${formatBytes(fitted.least)} to ${formatBytes(fitted.most)} fitted`;
}

function minutes(seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s` : `about ${Math.round(seconds / 60)} min`;
}

import { formatBytes } from '../../contract/bytes.ts';
import type { Needs, Verdict } from '../../contract/catalogue.ts';
import { hasRoom } from './needs.ts';

/** Whether a model runs here, and what decides it. */
export function judge(needs: Needs): Verdict {
  const { memory, disk, downloadBytes } = needs;
  const { unfittedBytes, fittedBytes, comfortableBytes, mostBytes } = memory;
  const about = needs.exact ? '' : 'about ';
  const least = Math.min(unfittedBytes, fittedBytes?.least ?? Infinity);
  if (least > mostBytes) {
    const how = fittedBytes ? 'even with all layers ultra-low' : 'and it cannot be fitted';
    return tooLarge(
      `It takes ${about}${formatBytes(least)} of memory, ${how}; this laptop can spare ${formatBytes(mostBytes)} at most.`,
    );
  }
  if (downloadBytes > disk.freeBytes)
    return tooLarge(
      `The download takes ${about}${formatBytes(downloadBytes)}, and ${formatBytes(disk.freeBytes)} are free where models are kept.`,
    );
  if (unfittedBytes <= comfortableBytes)
    return {
      kind: 'fits',
      reason: `It takes ${about}${formatBytes(unfittedBytes)} of the ${formatBytes(comfortableBytes)} of memory that this laptop can spare, and needs no fit.`,
    };
  if (!fittedBytes) return withOthersClosed('fits', `${about}${formatBytes(unfittedBytes)}`);
  if (!hasRoom(disk)) return tooLarge(diskReason(disk, about));
  return fitVerdict(fittedBytes, comfortableBytes, about);
}

function fitVerdict(
  { least, most }: { readonly least: number; readonly most: number },
  comfortableBytes: number,
  about: string,
): Verdict {
  const spare = `the ${formatBytes(comfortableBytes)} of memory that this laptop can spare`;
  if (most <= comfortableBytes)
    return { kind: 'fits-with-fit', reason: `Fitted it takes ${about}${formatBytes(most)} of ${spare}.` };
  if (least <= comfortableBytes)
    return {
      kind: 'fits-with-fit',
      reason: `A fit brings it down to ${spare}, with some layers ultra-low.`,
    };
  return withOthersClosed('fits-with-fit', `${about}${formatBytes(least)} at least`);
}

function withOthersClosed(kind: Verdict['kind'], amount: string): Verdict {
  return { kind, reason: `It takes ${amount} of memory: close other programs while you chat with it.` };
}

function diskReason({ freeBytes, peakBytes, work }: Needs['disk'], about: string): string {
  if (work !== null && work.peakBytes > work.freeBytes)
    return `Its fit takes ${about}${formatBytes(work.peakBytes)} of disk where Snug works, and ${formatBytes(work.freeBytes)} are free there.`;
  return `Download and fit take ${about}${formatBytes(peakBytes)} of disk, and ${formatBytes(freeBytes)} are free where models are kept.`;
}

function tooLarge(reason: string): Verdict {
  return { kind: 'too-large', reason };
}

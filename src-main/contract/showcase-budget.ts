/**
 * The budget of a model that any laptop has room for whole: what was recommended would show nothing of a fit, so it lies halfway between
 * all layers low and all layers high. All are bytes.
 */
export function showcaseBudget(leastBytes: number, mostBytes: number): number {
  return Math.floor((leastBytes + mostBytes) / 2);
}

/**
 * The largest k in [0, most] that passes, by bisection: passing is taken to end somewhere as k grows. Every k that is returned
 * has itself been tried and has passed, also where the assumption is wrong.
 *
 * @returns undefined when not even 0 passes
 */
export async function largestPassing(
  most: number,
  passes: (k: number) => Promise<boolean>,
): Promise<number | undefined> {
  if (await passes(most)) return most;
  if (most === 0 || !(await passes(0))) return undefined;
  let passing = 0;
  let failing = most;
  while (failing - passing > 1) {
    const middle = (passing + failing) >> 1;
    if (await passes(middle)) passing = middle;
    else failing = middle;
  }
  return passing;
}

/** Levenshtein's distance between two texts, in code points inserted, removed or replaced. */
export function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  from.forEach((char, i) => {
    const next = [i + 1];
    to.forEach((other, j) => {
      const replaced = (row[j] as number) + (char === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    });
    row = next;
  });
  return row[to.length] as number;
}

import { mostSeconds, type Limits, type Picks, type Problem } from './problem.ts';

/**
 * Spends what a plan leaves of its limits: of all changes to one tensor that fit, the one that saves most for a byte, and again until none
 * saves anything.
 */
export function filled(problem: Problem, picks: Picks, limits: Limits): Picks {
  const better = picks.slice();
  const sums = problem.sums(better);
  let room = limits.budgetBytes - sums.bytes;
  let time = mostSeconds(limits) - sums.seconds;
  for (let best = bestChange(problem, better, { room, time }); best;) {
    better[best.item] = best.pick;
    room -= best.bytes;
    time -= best.seconds;
    best = bestChange(problem, better, { room, time });
  }
  return better;
}

interface Change {
  readonly item: number;
  readonly pick: number;
  readonly bytes: number;
  readonly seconds: number;
}

function bestChange(
  problem: Problem,
  picks: Picks,
  { room, time }: { readonly room: number; readonly time: number },
): Change | undefined {
  const { first, ...flat } = problem.flat;
  let [most, found, at] = [0, -1, -1];
  for (let item = 0; item + 1 < first.length; item++) {
    const now = (first[item] ?? 0) + (picks[item] ?? 0);
    const nowCost = flat.cost[now] ?? 0;
    const mostBytes = room + (flat.bytes[now] ?? 0);
    const mostSecond = time + (flat.seconds[now] ?? 0);
    for (let to = first[item] ?? 0; to < (first[item + 1] ?? 0); to++) {
      const saved = nowCost - (flat.cost[to] ?? 0);
      const bytes = flat.bytes[to] ?? 0;
      if (saved <= 0 || bytes > mostBytes || (flat.seconds[to] ?? 0) > mostSecond) continue;
      // what saves bytes as well is worth more than anything
      const more = bytes - (flat.bytes[now] ?? 0);
      const worth = more <= 0 ? Infinity : saved / more;
      if (worth > most) [most, found, at] = [worth, item, to];
    }
  }
  if (found === -1) return undefined;
  const pick = at - (first[found] ?? 0);
  const [from, to] = [problem.choice(found, picks[found] ?? 0), problem.choice(found, pick)];
  return { item: found, pick, bytes: to.bytes - from.bytes, seconds: to.seconds - from.seconds };
}

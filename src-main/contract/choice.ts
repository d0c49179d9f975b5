import type { Candidate, FitReport, PlanReport } from './fit-report.ts';
import { RUNGS } from './rungs.ts';

/** What a choice among measured plans came to, in a sentence that both doors say. */

type Choice = Pick<FitReport, 'candidates'> & { readonly plan: PlanReport };

/** Mean divergence where the picture is seen; on text for a model that cannot see. */
function natsOf({ quality }: Candidate): number {
  return (quality.image ?? quality.text)?.meanKld ?? Infinity;
}

/** One file type, a type for every tensor, an order of layers; reports of earlier versions know ladders as well. */
type Kind = 'uniform' | 'tensors' | 'ladder' | 'luq';

export function candidateKind({ name }: Pick<Candidate, 'name'>): Kind {
  if (name === 'tensors' || name === 'ladder') return name;
  return RUNGS.some((rung) => rung === name) ? 'uniform' : 'luq';
}

function named(candidate: Candidate): string {
  switch (candidateKind(candidate)) {
    case 'tensors':
      return 'a type for every tensor';
    case 'ladder':
      return 'a type for every layer';
    case 'uniform':
      return `${candidate.name} everywhere`;
    case 'luq':
      return 'LUQ’s own plan';
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "38 % nearer than IQ3_M everywhere"; of two plans within half a hundredth none is nearer. */
function against(winner: Candidate, other: Candidate, name: string): string {
  if (!Number.isFinite(natsOf(other))) return `${name} is beyond measure`;
  const share = 1 - natsOf(winner) / natsOf(other);
  const percent = Math.round(Math.abs(share) * 100);
  if (percent === 0) return `as near as ${name}`;
  return share > 0 ? `${percent} % nearer than ${name}` : `faster than ${name}, which is ${percent} % nearer`;
}

/** k of LUQ's plan in words. */
function luqWords({ lowLayers }: Candidate, { rungs, layers }: PlanReport): string {
  if (lowLayers === null) return '';
  if (lowLayers === 0) return ` (every layer at ${rungs.high})`;
  return ` (${lowLayers} of ${layers} layers at ${rungs.low})`;
}

/** What won, by how much, and what LUQ's own plan would have been; null where nothing was chosen. */
export function choiceSentence({ candidates, plan }: Choice): string | null {
  if (plan.family === 'source')
    return 'The original fits this budget as it is: nothing was made smaller, and nothing was lost.';
  const winner = candidates.find(({ chosen }) => chosen);
  if (!winner) return null;
  const nats = natsOf(winner);
  const nearestOf = (kind: Kind): Candidate | undefined =>
    candidates
      .filter((one) => one !== winner && candidateKind(one) === kind)
      .toSorted((a, b) => natsOf(a) - natsOf(b))[0];
  const isLuq = candidateKind(winner) === 'luq';
  const won = `${capital(named(winner))}${isLuq ? luqWords(winner, plan) : ''} is nearest to the original`;
  const distance = Number.isFinite(nats) ? ` (${nats.toPrecision(2)} nats)` : '';
  const others = (['tensors', 'uniform'] as const).flatMap((kind) => {
    const other = nearestOf(kind);
    return other ? [against(winner, other, named(other))] : [];
  });
  const luq = nearestOf('luq');
  const luqPart = luq
    ? against(winner, luq, `${named(luq)}${luqWords(luq, plan)}`)
    : 'LUQ’s own plan does not fit';
  const rest = isLuq ? others : [...others, luqPart];
  return `${won}${distance}${rest.length > 0 ? `: ${rest.join('; ')}` : ''}.`;
}

/** Which rounding of the plan is nearer, where both were measured; null where they were not. */
export function roundingSentence({
  roundings,
  fed: written,
}: Pick<PlanReport, 'roundings' | 'fed'>): string | null {
  if (!roundings) return null;
  const [plain, fed] = [roundings.plain, roundings.fed].map((nats) => nats ?? Infinity) as [number, number];
  const words = (nats: number) => (Number.isFinite(nats) ? `${nats.toPrecision(2)} nats` : 'beyond measure');
  const both = `${words(fed)} against ${words(plain)}`;
  if (!written) return `Rounded plainly: feeding errors on is not nearer (${both}).`;
  const percent = Number.isFinite(plain) ? `${Math.round(100 * (1 - fed / plain))} % ` : '';
  return `With errors fed on it is ${percent}nearer than rounded plainly (${both}).`;
}

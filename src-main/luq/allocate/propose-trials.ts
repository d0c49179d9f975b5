import type { Posterior } from './least-squares.ts';
import type { Item } from './problem.ts';
import { logDeviation } from './sharpen.ts';
import type { ClassifiedTensor } from './tensor-class.ts';
import type { TrialModel } from './trial-model.ts';

/** A model worth measuring. */
export interface ProposedTrial {
  /** tensor name → ggml type id */
  readonly types: ReadonlyMap<string, number>;
  /** what differs from the plan: its class, or the layers from one to another, both included; all when neither is there */
  readonly class?: string;
  readonly layers?: readonly [number, number];
  /** by so many types of each tensor's ladder; below zero: lowered; 0: the plan itself */
  readonly steps: number;
}

/** How far a group is moved: two types down is a change that shows, and where a plan is low already, up says as much. */
const STEPS = [-2, -4, 3];

/**
 * The trials that would tell most about which tensors deserve their bits, the most telling first: each is chosen for how much less is
 * uncertain of what parts of the plan cost relative to one another when it and those before it are measured. Deterministic.
 *
 * @param plan to be decided on: tensor name → ggml type id
 * @param posterior of the trials so far
 */
export function proposeTrials(
  model: TrialModel,
  {
    tensors,
    items,
    plan,
    posterior,
    count,
  }: {
    readonly tensors: readonly ClassifiedTensor[];
    readonly items: readonly Item[];
    readonly plan: ReadonlyMap<string, number>;
    readonly posterior: Posterior;
    readonly count: number;
  },
): ProposedTrial[] {
  const stakes = stakesOf(model, tensors, plan, posterior.parameters);
  let open = candidates(model, tensors, { items, plan }).flatMap((trial) => {
    const cells = model.cells(trial.types);
    if (cells.length === 0) return [];
    const { logNats, slopes } = model.predicted(cells, posterior.parameters);
    return [{ trial, slopes, variance: logDeviation({ nats: Math.exp(logNats) }) ** 2 }];
  });
  let covariance = posterior.covariance;
  const proposed: ProposedTrial[] = [];
  while (proposed.length < count && open.length > 0) {
    const told = open.map((candidate) => {
      const spread = covariance.map((row) => dot(row, candidate.slopes));
      const total = candidate.variance + dot(candidate.slopes, spread);
      const gain = stakes.reduce((sum, stake) => sum + dot(stake, spread) ** 2, 0) / total;
      return { candidate, spread, total, gain };
    });
    const [first, ...others] = told;
    if (first === undefined) break;
    const { candidate, spread, total } = others.reduce((a, b) => (b.gain > a.gain ? b : a), first);
    proposed.push(candidate.trial);
    covariance = covariance.map((row, i) =>
      row.map((value, j) => value - ((spread[i] ?? 0) * (spread[j] ?? 0)) / total),
    );
    open = open.filter((one) => one !== candidate);
  }
  return proposed;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/**
 * Of each part of the plan, what its share of the cost depends on beyond what all depend on: a line of factors of the parameters. What
 * makes everything dearer alike doesn't matter to the choice.
 */
function stakesOf(
  model: TrialModel,
  tensors: readonly ClassifiedTensor[],
  plan: ReadonlyMap<string, number>,
  parameters: readonly number[],
): number[][] {
  const costs = model.costsWith(parameters);
  const parts = new Map<string, { indices: readonly number[]; nats: number }>();
  let total = 0;
  for (const tensor of tensors) {
    const type = plan.get(tensor.name);
    if (type === undefined) continue;
    const nats = costs(tensor.name, type);
    if (!(nats > 0)) continue;
    const indices = model.parametersOf(tensor, type);
    const key = indices.join();
    parts.set(key, { indices, nats: (parts.get(key)?.nats ?? 0) + nats });
    total += nats;
  }
  const usual = new Array<number>(parameters.length).fill(0);
  for (const { indices, nats } of parts.values()) {
    for (const index of indices) usual[index] = (usual[index] ?? 0) + nats / total;
  }
  return [...parts.values()].map(({ indices, nats }) =>
    usual.map((value, index) => ((indices.includes(index) ? 1 : 0) - value) * (nats / total)),
  );
}

function candidates(
  model: TrialModel,
  tensors: readonly ClassifiedTensor[],
  { items, plan }: { readonly items: readonly Item[]; readonly plan: ReadonlyMap<string, number> },
): ProposedTrial[] {
  const ladders = new Map(items.map(({ name, choices }) => [name, choices.map(({ type }) => type)]));
  const groups = [
    { of: tensors, label: {} },
    ...[...Map.groupBy(tensors, (tensor) => tensor.class)].map(([kind, of]) => ({
      of,
      label: { class: kind },
    })),
    ...[...Map.groupBy(tensors, (tensor) => model.bandOf(tensor))].flatMap(([band, of]) =>
      band === undefined ? [] : [{ of, label: { layers: range(of) } }],
    ),
    ...[...Map.groupBy(tensors, (tensor) => `${tensor.class} ${model.bandOf(tensor)}`).values()].flatMap(
      (of) => (of[0]?.layer === undefined ? [] : [{ of, label: { class: of[0].class, layers: range(of) } }]),
    ),
  ];
  const moved = groups.flatMap(({ of, label }) =>
    STEPS.flatMap((steps) => {
      const types = new Map([
        ...plan,
        ...of.flatMap(({ name }) => shifted(name, plan.get(name), ladders.get(name), steps)),
      ]);
      const differs = of.some(({ name }) => types.get(name) !== plan.get(name));
      return differs ? [{ types, ...label, steps }] : [];
    }),
  );
  return [{ types: plan, steps: 0 }, ...moved];
}

function range(tensors: readonly ClassifiedTensor[]): readonly [number, number] {
  const layers = tensors.flatMap(({ layer }) => layer ?? []);
  return [Math.min(...layers), Math.max(...layers)];
}

function shifted(
  name: string,
  type: number | undefined,
  ladder: readonly number[] | undefined,
  steps: number,
): [string, number][] {
  if (type === undefined || ladder === undefined) return [];
  const at = ladder.indexOf(type);
  const to = ladder[Math.min(ladder.length - 1, Math.max(0, at + steps))];
  return at === -1 || to === undefined ? [] : [[name, to]];
}

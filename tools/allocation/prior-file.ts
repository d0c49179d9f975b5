import type { PriorFigures } from '../../src-main/luq/allocate/prior-figures.ts';

const rounded = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'number' ? Number(inner.toPrecision(4)) : inner,
  );

/** src-main/luq/allocate/fitted-prior.ts before it is laid out. */
export function priorFile(figures: PriorFigures, source: string): string {
  return `import type { PriorFigures } from './prior-figures.ts';

/**
 * Written by tools/allocation/fit-prior.ts, which says how well it fits.
 * Source: ${source}.
 */
export const PRIOR: PriorFigures = ${rounded(figures)};
`;
}

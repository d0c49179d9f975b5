import { chooseBest, type Chosen } from './best-choice.ts';
import { chooseLuq } from './luq-choice.ts';
import type { MeasuringContext } from './measuring-context.ts';
import { chooseUniform } from './uniform-choice.ts';

/** Chooses the plan of a fit in the way that was asked for. */
export async function choose(measuring: MeasuringContext): Promise<Chosen> {
  switch (measuring.request.plan.kind) {
    case 'best':
      return chooseBest(measuring);
    case 'luq':
      return { ...(await chooseLuq(measuring)), candidates: [] };
    case 'uniform':
      return { ...(await chooseUniform(measuring)), candidates: [] };
  }
}

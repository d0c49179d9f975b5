import { SnugError } from '../contract/errors.ts';
import type { Description } from '../contract/model.ts';
import type { ModelRow } from '../store/models.ts';
import { UNREAD } from './described-models.ts';
import { presentMmproj } from './model-checks.ts';

/** What of a model the library works with: where it lies, and whether it may be used at all. */
export interface UsableModel {
  readonly id: string;
  readonly path: string;
  readonly mmprojPath: string | undefined;
  readonly name: string;
  readonly builtIn: boolean;
}

/** A model to load, its vision file beside it; throws with what can be done when it is gone or broken. */
export function usableModel(
  row: ModelRow,
  { name, problem, mmproj }: Pick<Description, 'name' | 'problem' | 'mmproj'>,
): UsableModel {
  const { id, path, builtIn } = row;
  // who loads one that was not read yet reads it first
  if (problem === UNREAD) return { id, path, mmprojPath: presentMmproj(row), name, builtIn };
  if (problem !== null) {
    throw new SnugError('FILE', `${name} cannot be used: ${problem}`, {
      advice: 'Bring its file back to where it was, or choose another model.',
    });
  }
  return { id, path, mmprojPath: mmproj?.path, name, builtIn };
}

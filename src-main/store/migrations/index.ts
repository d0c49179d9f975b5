import { first } from './0001-first.ts';
import { draftsAndPictureNames } from './0002-drafts-and-picture-names.ts';
import { downloads } from './0003-downloads.ts';
import { titlesOfModels } from './0004-titles-of-models.ts';
import type { Migration } from './migration.ts';

export type { Migration } from './migration.ts';

/** Every form the database ever had, in order. */
export const MIGRATIONS: readonly Migration[] = [first, draftsAndPictureNames, downloads, titlesOfModels];

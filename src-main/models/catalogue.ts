import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { catalogueEntrySchema, type CatalogueEntry } from '../contract/catalogue.ts';
import { SnugError } from '../contract/errors.ts';
import { ownCatalogue } from '../root.ts';

const catalogueSchema = z.strictObject({
  models: z
    .array(catalogueEntrySchema)
    .refine((models) => new Set(models.map(({ id }) => id)).size === models.length, {
      error: 'two models have one id',
    }),
});

/**
 * The models that Snug offers to download, in the order in which they are shown.
 *
 * @throws SnugError NOT_INSTALLED where the file is missing or of another form
 */
export function readCatalogue(path: string = ownCatalogue): readonly CatalogueEntry[] {
  try {
    return catalogueSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).models;
  } catch (error) {
    throw new SnugError('NOT_INSTALLED', `the list of models to download cannot be read: ${path}`, {
      advice: 'Install Snug again.',
      cause: error,
    });
  }
}

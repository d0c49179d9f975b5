import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { plots } from '../src-main/compare/plots/plots.ts';
import { comparisonSchema } from '../src-main/contract/comparison.ts';

/**
 * Draws the figures of a comparison anew from what was measured: `node tools/redraw-figures.ts [folder]`, of `snug compare`'s output;
 * without a folder those that the documents show.
 */
const documents = join(import.meta.dirname, '..', 'bench', 'results', 'compare-demo');
const folder = process.argv[2] ?? documents;
const measured: unknown = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
for (const [name, svg] of Object.entries(plots(comparisonSchema.parse(measured)))) {
  writeFileSync(join(folder, name), svg);
}

import type { Comparison } from '../../contract/comparison.ts';
import { alphaFigure, clustersAndSeedsFigure } from './calibration.ts';
import { entropyFigure } from './entropy.ts';
import { frontierFigure } from './frontier.ts';
import { ordersFigure } from './orders.ts';
import { plansFigure } from './plans.ts';
import { typesFigures } from './types.ts';

/** Of each figure that a comparison has one of the file it is written to; undefined where there is too little to draw. */
const FIGURES: Readonly<Record<string, (comparison: Comparison) => string | undefined>> = {
  'frontier.svg': frontierFigure,
  'orders.svg': ordersFigure,
  'entropy.svg': entropyFigure,
  'alpha.svg': alphaFigure,
  'plans.svg': plansFigure,
  'clusters-and-seeds.svg': clustersAndSeedsFigure,
};

/** All figures there is data for: file name → SVG. */
export function plots(comparison: Comparison): Record<string, string> {
  const drawn = Object.entries(FIGURES).flatMap(([name, draw]) => {
    const svg = draw(comparison);
    return svg === undefined ? [] : [[name, svg] as const];
  });
  return { ...Object.fromEntries(drawn), ...typesFigures(comparison) };
}

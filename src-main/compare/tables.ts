import type { Kernels } from '../contract/kernels.ts';
import type { Compared, Comparison } from '../contract/comparison.ts';
import { unfamiliarNotes } from '../contract/familiarity.ts';
import type { Divergence } from '../contract/fit-report.ts';
import { fixed, NONE, paragraphs } from './cells.ts';
import { csv } from './csv.ts';
import { escapeMarkdown } from './markdown.ts';
import { calibrationSection } from './sections/calibration.ts';
import { familiesSection } from './sections/families.ts';
import { frontierSection } from './sections/frontier.ts';
import { matrixSection } from './sections/matrix.ts';
import { methodsSection } from './sections/methods.ts';
import { ordersSection } from './sections/orders.ts';
import { predictionSection } from './sections/predictions.ts';
import { allRows } from './sections/rows.ts';

/** Which layouts of the low types were measured and counted. */
const LAYOUTS: Readonly<Record<Kernels, string>> = {
  auto: 'Types below 4 bits are multiplied in the layouts of Snug’s kernels that take the least memory, and predictions count those; a chat of the same file takes faster and larger ones where memory leaves room for them.',
  own: 'Types below 4 bits are multiplied in the fastest layouts of Snug’s kernels, and predictions count those, whatever memory they take.',
  stock: 'llama.cpp’s own kernels multiply, in the layouts that it makes.',
};

/** The numbers of a comparison in full, and what can be counted in them: as a page and as a table for other programs. */

function head(comparison: Comparison): string {
  const { model, rungs, machine, rows } = comparison;
  const { alpha, clusters, seed } = comparison.calibration;
  const own = (kind: 'image' | 'text') =>
    rows.map(({ quality }) => quality[kind]?.sourcePerplexity).find((value) => typeof value === 'number');
  return paragraphs(
    `# ${escapeMarkdown(model.name)}: what each way of making it smaller costs`,
    [
      `${model.layers} layers, ${(model.parameters / 1e6).toFixed(0)} million parameters; source sha256 ${model.sourceSha256.slice(0, 16)}….`,
      ...(model.imageTokens
        ? [`A picture takes ${model.imageTokens.min} to ${model.imageTokens.max} tokens.`]
        : []),
      `Two rungs: ${rungs.high}, and ${rungs.low} for the layers that are low.`,
      `Measured with llama.cpp ${escapeMarkdown(machine.llamaCpp)} (its build for ${escapeMarkdown(machine.cpuVariant)}), ${machine.threads} threads, on ${escapeMarkdown(machine.cpu)}.`,
      `Unless something else is said, calibrated with α = ${alpha} (share of image tokens), K = ${clusters} clusters and seed ${seed}.`,
      `Memory and speed are for a context of ${comparison.contextTokens} tokens.`,
      ...(machine.kernels ? [LAYOUTS[machine.kernels]] : []),
    ].join(' '),
    [
      'KLD is the mean KL divergence from the source over next tokens, in nats: less is closer.',
      'On pictures it is taken where answers about pictures are given, with the picture seen; median and 99 % are of those.',
      'Same first choice and perplexity are given for pictures / text.',
      `The source's own perplexity: ${fixed(own('image'), 2)} / ${fixed(own('text'), 2)}.`,
      ...unfamiliarNotes(rows[0]?.quality ?? { image: null, text: null }),
      ...(comparison.task
        ? [
            `Score: ${comparison.task.metric} at ${comparison.task.questions} questions of ${escapeMarkdown(comparison.task.name)}, of ${comparison.task.max}.`,
          ]
        : []),
      `${NONE} stands for what is not finite or was not measured.`,
    ].join(' '),
  );
}

/** Everything as one page: all rows, then a section for each question the data has an answer to. */
export function toMarkdown(comparison: Comparison): string {
  const sections = [
    head,
    methodsSection,
    familiesSection,
    allRows,
    frontierSection,
    ordersSection,
    calibrationSection,
    matrixSection,
    predictionSection,
  ];
  return `${paragraphs(...sections.map((section) => section(comparison)))}\n`;
}

const DIVERGENCE_FIELDS = [
  'tokens',
  'meanKld',
  'medianKld',
  'p90Kld',
  'p99Kld',
  'topAgreement',
  'perplexity',
  'sourcePerplexity',
  'belowChance',
] as const satisfies readonly (keyof Divergence)[];

/** All rows as they are, one field a column, named as in the JSON; null is an empty field. RFC 4180. */
export function toCsv({ rows }: Comparison): string {
  const fields: readonly (readonly [string, (row: Compared) => string | number | null])[] = [
    ...(
      ['id', 'name', 'family', 'importance', 'ordering', 'lowLayers', 'alpha', 'clusters', 'seed'] as const
    ).map((key) => [key, (row: Compared) => row[key]] as const),
    ...(['weightsBytes', 'visionBytes', 'bitsPerWeight'] as const).map(
      (key) => [key, (row: Compared) => row[key]] as const,
    ),
    ...(['image', 'text'] as const).flatMap((kind) =>
      DIVERGENCE_FIELDS.map(
        (key) => [`quality.${kind}.${key}`, (row: Compared) => row.quality[kind]?.[key] ?? null] as const,
      ),
    ),
    ...(['asked', 'same'] as const).map(
      (key) => [`quality.answers.${key}`, (row: Compared) => row.quality.answers?.[key] ?? null] as const,
    ),
    ['layerBits', ({ layerBits }) => layerBits ?? null],
    ['rival.paperBits', ({ rival }) => rival?.paperBits ?? null],
    ...(['tokensPerSecond', 'totalBytes', 'accuracy'] as const).map(
      (key) => [key, (row: Compared) => row[key]] as const,
    ),
    ...(['tokensPerSecond', 'promptTokensPerSecond', 'peakMemoryBytes'] as const).map(
      (key) => [`running.${key}`, (row: Compared) => row.running?.[key] ?? null] as const,
    ),
  ];
  return csv([fields.map(([name]) => name), ...rows.map((row) => fields.map(([, value]) => value(row)))]);
}

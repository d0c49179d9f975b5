import stringWidth from 'string-width';
import { closeness } from '../contract/closeness.ts';
import type { Candidate, FitReport, LayerReport, Memory } from '../contract/fit-report.ts';
import { candidateSpeed } from '../contract/fit-speed.ts';
import { counted } from '../contract/counted.ts';
import { formatBytes } from '../contract/bytes.ts';
import { paint } from '../doors/terminal/terminal-output.ts';
import { visibleLine } from '../text/visible-text.ts';

/** Text drawings for the terminal; each returns lines. */

const CHART_WIDTH = 40;

/** How many columns of a terminal a text takes, as it is shown there. */
function columns(text: string): number {
  return stringWidth(visibleLine(text));
}

/** Columns padded to their widest cell, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(columns)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - columns(cell)));
        return column === 0 ? `${cell}${room}` : `${room}${cell}`;
      })
      .join('  ');
  return [paint('dim', line(header)), ...rows.map(line)];
}

/** How a layer's bar is filled, by how many bits the name of its type promises a weight: from these on. */
const FILLS = [
  [4, '█', 'blue'],
  [3, '▓', 'cyan'],
  [2, '▒', 'yellow'],
  [0, '▒', 'magenta'],
] as const;

function filled(rung: string, length: number): string {
  const bits = Number(/\d+/.exec(rung)?.[0] ?? 0);
  const [, fill, colour] = FILLS.find(([from]) => bits >= from) ?? FILLS[0];
  return paint(colour, fill.repeat(length));
}

/**
 * One bar per layer: entropy between the lowest and highest of the model, filled by the layer's type; the line at its end is the standard
 * error to either side.
 */
export function entropyChart(layers: readonly LayerReport[]): string[] {
  const ranges = layers.map(({ entropyBits: { both, standardError } }) => ({
    from: both - (standardError ?? 0),
    to: both + (standardError ?? 0),
  }));
  const lowest = Math.min(...ranges.map(({ from }) => from));
  const span = Math.max(...ranges.map(({ to }) => to)) - lowest || 1;
  const columnOf = (bits: number) => 1 + Math.round(((bits - lowest) / span) * (CHART_WIDTH - 1));
  const lines = layers.map(({ index, rung, entropyBits: { both, standardError } }, i) => {
    const { from = both, to = both } = ranges[i] ?? {};
    const [solid, end] =
      standardError === null ? [columnOf(both), columnOf(both)] : [columnOf(from), columnOf(to)];
    const bar = `${filled(rung, solid)}${'─'.repeat(end - solid)}${' '.repeat(CHART_WIDTH - end)}`;
    const value = `${both.toFixed(3)}${standardError === null ? '' : ` ± ${standardError.toFixed(3)}`}`;
    return `layer ${String(index).padStart(2)}  ${bar}  ${value}  ${rung}`;
  });
  const errors = layers.some(({ entropyBits }) => entropyBits.standardError !== null);
  return [
    paint(
      'dim',
      `entropy of each layer's output tokens in bits (bars from ${lowest.toFixed(2)}${errors ? ', lines: standard errors' : ''})`,
    ),
    ...lines,
  ];
}

const MEMORY_PARTS = [
  ['weights', 'weightsBytes'],
  ['vision encoder', 'visionWeightsBytes'],
  ['KV cache', 'kvCacheBytes'],
  ['compute buffers', 'computeBytes'],
  ['picture encoding', 'visionComputeBytes'],
] as const;

export function memoryLines(memory: Memory): string[] {
  const bytes = { ...memory, weightsBytes: memory.weightsBytes + memory.rearrangedBytes };
  const parts = MEMORY_PARTS.map(([label, key]) => `${formatBytes(bytes[key])} ${label}`);
  return [`${formatBytes(memory.totalBytes)} in all: ${parts.join(' + ')}`];
}

function rate(value: number | null): string {
  return value === null ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function planLabel({ plan, layers }: Pick<FitReport, 'plan' | 'layers'>): string {
  switch (plan.family) {
    case 'luq':
      return `LUQ (${plan.lowLayers} of ${plan.layers} layers ${plan.rungs.low})`;
    case 'uniform':
      return `${layers[0]?.rung ?? 'one type'} everywhere`;
    case 'tensors':
      return 'a type for every tensor';
    case 'source':
      return 'the source as it is';
  }
}

function candidateLabel({ name, lowLayers }: Candidate, { layers, rungs }: FitReport['plan']): string {
  return lowLayers === null ? name : `LUQ, ${name} (${lowLayers} of ${layers} layers ${rungs.low})`;
}

/** The plans that were measured, to choose from. */
export function candidatesTable(report: FitReport): string[] {
  const { candidates } = report;
  if (candidates.length === 0) return [];
  const share = (value: number | undefined) => (value === undefined ? '–' : `${(value * 100).toFixed(1)} %`);
  const nats = (value: number | null | undefined) => value?.toFixed(4) ?? '–';
  const speed = (candidate: Candidate) => {
    const { tokensPerSecond, measured } = candidateSpeed(candidate, report);
    return tokensPerSecond === null || measured ? rate(tokensPerSecond) : `≈ ${rate(tokensPerSecond)}`;
  };
  const lines = table(
    ['plan', 'weights', 'KLD pictures', 'KLD text', 'same first choice', 'tokens/s', ''],
    candidates.map((candidate) => {
      const { weightsBytes, quality, chosen } = candidate;
      return [
        candidateLabel(candidate, report.plan),
        formatBytes(weightsBytes),
        nats(quality.image?.meanKld),
        nats(quality.text?.meanKld),
        share((quality.image ?? quality.text)?.topAgreement),
        speed(candidate),
        chosen ? 'chosen' : '',
      ];
    }),
  );
  return [...lines, ''];
}

/** Source, the model with every layer high and the fitted one side by side. */
export function filesTable(report: FitReport): string[] {
  const { files, plan, check } = report;
  const { source, q4km: allHigh, luq } = files;
  const rows = [
    ['source', source],
    [plan.rungs.high, allHigh],
    [planLabel(report), luq],
  ] as const;
  const lines = table(
    ['', 'file', 'bits/weight', 'memory predicted', 'memory measured', 'tokens/s', 'prompt tokens/s'],
    rows.map(([label, file]) => [
      label,
      formatBytes(file.bytes),
      file.bitsPerWeight.toFixed(2),
      formatBytes(file.predictedMemory.totalBytes),
      file.peakMemoryBytes === null ? '–' : formatBytes(file.peakMemoryBytes),
      rate(file.tokensPerSecond),
      rate(file.promptTokensPerSecond),
    ]),
  );
  const divergence = [
    ['pictures', check.image],
    ['text', check.text],
  ] as const;
  const measured = divergence.flatMap(([kind, value]) =>
    value === null
      ? []
      : [
          `${kind} ${value.meanKld?.toFixed(4) ?? 'infinite'} nats, 99 % below ${value.p99Kld?.toFixed(4) ?? '–'}, same first choice ${(value.topAgreement * 100).toFixed(1)} %: ${closeness(value).words}`,
        ],
  );
  const { answers } = check;
  const own = (files.luq.peakMemoryBytes ?? 0) - files.luq.predictedMemory.totalBytes;
  return [
    ...lines,
    ...(own > 0
      ? [
          paint(
            'dim',
            `memory predicted is the model alone; measured holds the program's own ${formatBytes(own)}, too: tokenizer, pictures, template`,
          ),
        ]
      : []),
    '',
    `KL divergence from the source: ${measured.join('; ') || 'not measured'}`,
    ...(answers
      ? [`Word for word the source's own answer to ${answers.same} of ${counted(answers.asked, 'question')}`]
      : []),
  ];
}

export function answerLines({ answers, plan }: Pick<FitReport, 'answers' | 'plan'>): string[] {
  const { high } = plan.rungs;
  const width = Math.max('source'.length, high.length);
  const said = (by: string, answer: string) => `  ${by.padEnd(width)}  ${answer}`;
  return answers.flatMap(({ question, picture, source, q4km: allHigh, luq }) => [
    `${paint('bold', question)}${picture === null ? '' : paint('dim', `  ${picture.split(/[\\/]/).at(-1) ?? ''}`)}`,
    ...(source === null ? [] : [said('source', source)]),
    ...(allHigh === null ? [] : [said(high, allHigh)]),
    said(plan.family === 'luq' ? 'LUQ' : 'fitted', luq),
  ]);
}

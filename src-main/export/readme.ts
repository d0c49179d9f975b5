import { formatBytes } from '../contract/bytes.ts';
import { counted } from '../contract/counted.ts';
import type { Inspection } from '../contract/model.ts';
import type { MeasuredFit } from '../contract/fit-report.ts';
import { BUILT_IN_SET, MODEL_SET } from '../luq/calibrate/calibration-set.ts';
import { makingFacts, type FitFacts, type MakingFacts } from './fit-facts.ts';
import { address, code, commands, table } from './markdown.ts';
import { measuredPart } from './measured.ts';
import type { Origin } from './origin.ts';
import { refitCommand } from './refit-command.ts';
import {
  ollamaCommands,
  pictureCommand,
  SERVER_PORT,
  serverCommand,
  type PairNames,
} from './run-commands.ts';

export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** All that a README tells of. */
export interface Exported {
  readonly inspection: Inspection;
  readonly facts: FitFacts;
  readonly names: PairNames;
  readonly files: readonly ExportedFile[];
  readonly origin: Origin;
  readonly measured: MeasuredFit | undefined;
  /** to the vision file: what llama.cpp asks for and its source lacks */
  readonly addedKeys: readonly string[];
  /** whether the Modelfile says how a chat is written */
  readonly hasOllamaTemplate: boolean;
}

/** How a fitted pair was made, how it is run and how it is made again, as Markdown. */
export function readmeOf(exported: Exported): string {
  const { inspection, facts } = exported;
  const making = makingFacts(inspection);
  const parts = [
    `# ${code(inspection.name)}, fitted by Snug`,
    introduction(exported),
    filesPart(exported),
    runPart(exported),
    madePart(exported, making),
    layersPart(inspection, facts),
    measuredPart(exported.measured),
    againPart(exported, making),
    licencePart(exported.origin),
  ];
  return `${parts.join('\n\n')}\n`;
}

function introduction({ inspection, facts, names }: Exported): string {
  const chosen =
    facts['luq.plan.kind'] === 'best' ? ', the nearest to the source of those that were measured' : '';
  const plan = `${planWords(facts)}${chosen}`;
  const sees =
    names.mmproj === null ? 'It has no vision file, so it takes text alone.' : 'It takes pictures.';
  return `${inspection.bitsPerWeight.toFixed(2)} bits a weight: ${plan}. ${sees} Stock llama.cpp runs it.`;
}

function planWords(facts: FitFacts): string {
  const [high, low] = facts['luq.rungs'];
  const layerTypes = facts['luq.layer_rungs'];
  switch (facts['luq.plan.family']) {
    case 'luq':
      return `${facts['luq.low_layers'].length} of ${counted(layerTypes.length, 'layer')} in ${low}, the others in ${high}`;
    case 'uniform':
      return `${layerTypes[0] ?? 'one type'} everywhere`;
    case 'tensors':
      return 'a type for every tensor';
    case 'source':
      return 'the source’s own weights';
  }
}

function filesPart({ names, files, addedKeys }: Exported): string {
  const added = addedKeys.length === 0 ? '' : `, to which Snug added ${addedKeys.map(code).join(', ')}`;
  const what = (name: string) => (name === names.model ? 'the model' : `its vision file (projector)${added}`);
  const rows = files.map(({ name, bytes, sha256 }) => [
    name,
    what(name),
    formatBytes(bytes),
    `\`${sha256}\``,
  ]);
  return `## Files\n\n${table(['file', 'what', 'size', 'SHA-256'], rows)}\n\n\`sha256sum -c SHA256SUMS\` checks them.`;
}

function runPart(exported: Exported): string {
  const { names, facts } = exported;
  const picture = pictureCommand(names, facts);
  return [
    '## Run it',
    `With [llama.cpp](https://github.com/ggml-org/llama.cpp), in this folder. A server with a page at http://127.0.0.1:${SERVER_PORT} and an OpenAI-compatible API:`,
    commands(serverCommand(names, facts)),
    ...(picture ? ['One question about a picture:', commands(picture)] : []),
    'With [Ollama](https://ollama.com), from the `Modelfile` in this folder:',
    commands(...ollamaCommands(names.model.replace(/\.gguf$/, '').toLowerCase())),
    ollamaLimits(exported),
  ].join('\n\n');
}

function ollamaLimits({ names, facts, hasOllamaTemplate }: Exported): string {
  const most = facts['luq.image_tokens.max'];
  return [
    'What Ollama cannot do with it:',
    '',
    ...(names.mmproj === null
      ? []
      : [
          '- Versions that run this architecture in Ollama’s own engine take no separate vision file: they say “split vision models aren’t supported”, or answer without having seen the picture. Versions that run imported GGUF files with llama.cpp take it.',
        ]),
    ...(names.mmproj === null || most === undefined
      ? []
      : [`- It has no setting for how many tokens a picture may take; this model was fitted for ${most}.`]),
    hasOllamaTemplate
      ? '- It does not run the model’s own chat template; the `Modelfile` has one in Ollama’s language that writes the same for questions and answers.'
      : '- It does not run the model’s own chat template, and Snug has none in Ollama’s language for this model: if answers are odd, add a TEMPLATE to the `Modelfile`.',
    '',
    'Snug has not run it in Ollama.',
  ].join('\n');
}

function madePart({ facts, origin }: Exported, making: MakingFacts | undefined): string {
  const budget = facts['luq.budget.bytes'];
  const set = facts['luq.calibration.set'];
  const rows: (readonly [string, string | undefined])[] = [
    ['source file', making && code(making['luq.source.file'])],
    ['its SHA-256', `\`${facts['luq.source.sha256']}\``],
    ['source repository', origin.repository && address(origin.repository)],
    ['its commit', origin.commit && code(origin.commit)],
    ['its files', origin.files.length > 0 ? origin.files.map(code).join(', ') : undefined],
    ['vision file', facts['luq.vision.file'] && code(facts['luq.vision.file'])],
    ['its SHA-256', facts['luq.vision.sha256'] && `\`${facts['luq.vision.sha256']}\``],
    [
      'made with',
      making && `Snug ${making['luq.made_with.snug']}, llama.cpp ${making['luq.made_with.llama_cpp']}`,
    ],
    [
      'processor build',
      making && `${code(making['luq.made_with.cpu'])}, ${counted(making['luq.made_with.threads'], 'thread')}`,
    ],
    ['plan', planRow(facts)],
    ['types', facts['luq.plan.family'] === 'luq' ? facts['luq.rungs'].join(' and ') : undefined],
    [
      'memory budget',
      budget === undefined
        ? 'none: the number of low layers was given'
        : `${budget} bytes (${formatBytes(budget)})`,
    ],
    ['context', counted(facts['luq.context_tokens'], 'token')],
    ['calibration set', setName(set)],
    ['its SHA-256', making && `\`${making['luq.calibration.set_sha256']}\``],
    [
      'calibration',
      `seed ${facts['luq.calibration.seed']}, ${counted(facts['luq.calibration.tokens'], 'token')}, ${facts['luq.calibration.image_tokens']} of them from pictures`,
    ],
    ['importance matrix', 'mean squares of each weight’s inputs over the calibration'],
    ['its SHA-256', making && `\`${making['luq.importance.sha256']}\``],
  ];
  const known = rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]]));
  return `## How it was made\n\n${table(['', ''], known)}`;
}

function planRow(facts: FitFacts): string {
  const kind = facts['luq.plan.kind'];
  const ordering = `layers go low by ${facts['luq.ordering']}`;
  return facts['luq.plan.family'] === 'luq' ? `${kind}, ${ordering}` : `${kind}: ${planWords(facts)}`;
}

function layersPart({ layers }: Inspection, facts: FitFacts): string {
  const rows = layers.map(({ index, types, bytes, parameters }) => [
    String(index),
    facts['luq.layer_rungs'][index] ?? '',
    Object.entries(types)
      .map(([type, tensors]) => `${tensors} × ${type}`)
      .join(', '),
    ((bytes * 8) / parameters).toFixed(2),
  ]);
  return `## Types by layer\n\n${table(['layer', 'file type', 'tensors', 'bits a weight'], rows)}`;
}

function againPart({ facts, names }: Exported, making: MakingFacts | undefined): string {
  const title = '## Make it again';
  if (!making)
    return `${title}\n\nThe file was made by a Snug that did not note all it takes to make it again.`;
  const set = facts['luq.calibration.set'];
  const least = facts['luq.image_tokens.min'];
  const source = making['luq.source.file'];
  return [
    title,
    `With the source file${facts['luq.vision.file'] === undefined ? '' : 's'} named above in one folder, this makes the same tensors, byte for byte, on a processor for which llama.cpp has the same build:`,
    commands(refitCommand(making, names.model)),
    ...(facts['luq.budget.bytes'] === undefined
      ? []
      : [
          `What fits a budget is predicted for the processor at hand. \`--layers ${facts['luq.low_layers'].length}\` instead of \`--budget\` makes a plan of the \`luq\` kind come out the same everywhere.`,
        ]),
    ...setCondition(set, source),
    ...(least === undefined || least === DEFAULT_LEAST_IMAGE_TOKENS
      ? []
      : [
          `Beside the source lay a file called ${code(`${source}.snug.json`)} that says \`{"imageTokens":{"min":${least},"max":${facts['luq.image_tokens.max'] ?? least}}}\`.`,
        ]),
  ].join('\n\n');
}

function setName(set: string): string {
  if (set === BUILT_IN_SET) return 'Snug’s own';
  return set === MODEL_SET ? 'one that came with the model' : `a folder called ${code(set)}`;
}

/** What has to be there for the same set to be used. */
function setCondition(set: string, source: string): string[] {
  if (set === BUILT_IN_SET) return [];
  if (set !== MODEL_SET)
    return [`The folder ${code(set)} has to hold the same pictures: their SHA-256 together is above.`];
  return [
    `Beside the source lay ${code(`${source}.snug.json`)} and the calibration set that it names: the set’s SHA-256 is above.`,
  ];
}

/** Of models that say nothing of it (src-main/models/image-limits.ts). */
const DEFAULT_LEAST_IMAGE_TOKENS = 4;

function licencePart({ licence, licenceLink }: Origin): string {
  const words =
    licence === undefined && licenceLink === undefined
      ? 'The source does not say under which licence it is. It holds for this file, too: look where the source came from.'
      : `The source is under ${[licence && code(licence), licenceLink && address(licenceLink)].filter(Boolean).join(', ')}; so is this file.`;
  return `## Licence\n\n${words}`;
}

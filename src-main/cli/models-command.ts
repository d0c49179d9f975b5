import { basename } from 'node:path';
import { formatBytes } from '../contract/bytes.ts';
import { SnugError } from '../contract/errors.ts';
import type { FileState, Verification } from '../contract/verification.ts';
import { output, paint } from '../doors/terminal/terminal-output.ts';
import { snugHome } from '../home.ts';
import { listModels, openLibrary, verifyModel, type ListedModel } from '../services/terminal-library.ts';
import { table } from './draw.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';
import { statsOf } from '../files/stats.ts';

const KINDS: Readonly<Record<ListedModel['kind'], string>> = {
  source: 'original',
  fitted: 'fitted',
  quantized: 'compressed',
};

const EMPTY = 'The library is empty. snug get shows models to download, snug models add takes files in.';

/** `snug models`: what the library has. */
export async function modelsCommand({ json }: { json?: boolean }): Promise<number> {
  const models = await listModels(snugHome());
  if (json) output.json({ models });
  else if (models.length === 0) output.lines(EMPTY);
  else output.lines(...listLines(models));
  return EXIT.ok;
}

export function listLines(models: readonly ListedModel[]): string[] {
  return table(
    ['name', 'kind', 'size', 'from', 'file', ''],
    models.map((model) => [
      model.name,
      KINDS[model.kind],
      formatBytes(model.bytes),
      fromWords(model),
      basename(model.path),
      model.problem === null ? paint('green', 'ready') : paint('yellow', model.problem),
    ]),
  );
}

function fromWords({ source, builtIn, kind }: ListedModel): string {
  if (source) return source.repository;
  if (builtIn) return 'comes with Snug';
  return kind === 'fitted' ? 'made here' : '–';
}

const STATES: Readonly<Record<FileState, string>> = {
  unchanged: paint('green', 'unchanged'),
  unknown: paint('yellow', 'nothing was known of it until now'),
  changed: paint('yellow', 'another program has written it since'),
  damaged: paint('red', 'damaged'),
};

/** `snug models verify [NAME]`: reads a model's files whole, or all models', and says whether they hold what they should. */
export async function verifyModelsCommand(
  name: string | undefined,
  { json }: { json?: boolean },
): Promise<number> {
  const models = await listModels(snugHome());
  const wanted = name === undefined ? models : [chosen(models, name)];
  if (!json && wanted.length === 0) output.lines(EMPTY);
  const display = new ProgressDisplay();
  const results: (Verification & { readonly name: string })[] = [];
  try {
    for (const model of wanted) {
      const result = await verified(model, display);
      display.finish();
      results.push({ name: model.name, ...result });
      if (!json) output.lines(...verifiedLines(model.name, result));
    }
  } finally {
    display.finish();
  }
  if (json) output.json({ models: results });
  return results.every(isSound) ? EXIT.ok : EXIT.failed;
}

function isSound({ state, files }: Verification): boolean {
  return state !== 'damaged' && files.every(({ problem }) => problem === null);
}

async function verified(model: ListedModel, display: ProgressDisplay): Promise<Verification> {
  const sizes = model.files.map((path) => statsOf(path)?.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const onBytes = (done: number) => display.show({ stage: 'verify', done, total, unit: 'bytes' });
  return withInterrupt((signal) => verifyModel(model, snugHome(), { signal, onBytes }));
}

export function verifiedLines(name: string, { files }: Verification): string[] {
  return [
    paint('bold', name),
    ...files.map(({ path, bytes, state, problem }) => {
      const words = problem ?? STATES[state];
      return `  ${basename(path)}, ${formatBytes(bytes)}: ${words}`;
    }),
  ];
}

/** `snug models remove NAME`: takes a model out of the library. */
export async function removeModelCommand(
  name: string,
  { deleteFile = false, json }: { deleteFile?: boolean; json?: boolean },
): Promise<number> {
  const model = chosen(await listModels(snugHome()), name);
  await using opened = await openLibrary(snugHome());
  const { freedBytes } = await opened.library.remove({ id: model.id, deleteFile });
  if (json) output.json({ removed: model.path, freedBytes });
  else {
    const rest = deleteFile
      ? `Its file goes for good when Snug next starts, which frees ${formatBytes(freedBytes)}.`
      : `Its file stays: ${model.path}`;
    output.lines(`${model.name} is no longer in the library. ${rest}`);
  }
  return EXIT.ok;
}

/** The one model that a name means: its own, its file's or its path; throws where none or several do. */
export function chosen(models: readonly ListedModel[], name: string): ListedModel {
  const wanted = name.trim().toLowerCase();
  const names = (model: ListedModel) => [model.path, basename(model.path), model.name, model.id];
  const found = models.filter((model) => names(model).some((one) => one.toLowerCase() === wanted));
  const [only, second] = found;
  if (only && !second) return only;
  const list = (found.length > 0 ? found : models).map(({ path }) => basename(path)).join(', ');
  throw new SnugError(
    found.length > 0 ? 'BAD_ARGUMENT' : 'NOT_FOUND',
    found.length > 0 ? `several models are called ${name}` : `the library has no model called ${name}`,
    { advice: list === '' ? 'It is empty.' : `Name the file of one: ${list}` },
  );
}

import type { Command } from 'commander';
import { formatBytes } from '../contract/bytes.ts';
import { FOREIGN_APPS, type ForeignModel, type ForeignModels } from '../contract/elsewhere.ts';
import type { ImportResult } from '../contract/model.ts';
import { output, paint } from '../doors/terminal/terminal-output.ts';
import { snugHome } from '../home.ts';
import { listElsewhere, openLibrary, type OpenLibrary } from '../services/terminal-library.ts';
import { visibleLine } from '../text/visible-text.ts';
import { EXIT, ProgressDisplay, showNote, withInterrupt } from './terminal.ts';

interface Flags {
  readonly json?: boolean;
}

interface AddFlags extends Flags {
  readonly copy?: boolean;
}

/** The commands of `snug models` that bring models into the library. */
export function addImportCommands(models: Command, finish: (code: number) => void): void {
  models
    .command('elsewhere')
    .description(
      'models that LM Studio, Ollama, Jan, llama.cpp and the Hugging Face cache keep on this laptop',
    )
    .action(async () => finish(await elsewhereCommand(models.opts<Flags>())));
  models
    .command('add <paths...>')
    .description('take model files, or those of folders, into the library')
    .option('--copy', 'copy them into the folder of the models (default: they stay where they are)')
    .action(async (paths: readonly string[], flags: AddFlags) =>
      finish(await addCommand(paths, { ...flags, ...models.opts<Flags>() })),
    );
}

async function elsewhereCommand(flags: Flags): Promise<number> {
  const found = await listElsewhere(snugHome());
  if (flags.json) output.json({ apps: found });
  else output.lines(...found.flatMap(appLines), ...closingLines(found));
  return EXIT.ok;
}

function appLines({ app, folders, models, isPartial }: ForeignModels): string[] {
  return [
    paint('bold', `${FOREIGN_APPS[app]}: ${folders.join(', ')}`),
    ...(models.length === 0 ? ['  no models'] : models.flatMap(modelLines)),
    ...(isPartial ? ['There is more here than Snug looked through.'] : []),
    '',
  ];
}

function modelLines(model: ForeignModel): string[] {
  return [
    `  ${model.name}, ${formatBytes(model.bytes)}: ${stateOf(model)}`,
    `    ${paint('dim', visibleLine(model.path))}`,
  ];
}

function stateOf({ knownAs, problem, kind, visionPath }: ForeignModel): string {
  if (knownAs !== null) return 'in the library';
  if (problem !== null) return `can’t be used: ${problem}`;
  const use = kind === 'source' ? 'can be fitted and chatted with' : 'can be chatted with';
  return visionPath === null ? `${use}, without pictures` : use;
}

function closingLines(found: readonly ForeignModels[]): string[] {
  if (found.length === 0) return ['None of these apps keeps models on this laptop.'];
  const isNew = ({ knownAs, problem }: ForeignModel) => knownAs === null && problem === null;
  return found.some(({ models }) => models.some(isNew))
    ? ['Add them by their files: snug models add FILE']
    : [];
}

async function addCommand(paths: readonly string[], flags: AddFlags): Promise<number> {
  await using opened = await openLibrary(snugHome());
  const { library } = opened;
  const display = new ProgressDisplay();
  using _progress = showCopying(opened, display);
  const result = await withInterrupt(async (signal) => {
    signal.addEventListener('abort', () => void library.cancelCopying({}));
    return library.add({ paths, how: flags.copy ? 'copy' : 'link' });
  }).finally(() => display.finish());
  if (flags.json) output.json(result);
  else tell(result);
  return result.added.length + result.known.length === 0 && result.refused.length > 0
    ? EXIT.badInput
    : EXIT.ok;
}

function showCopying({ events }: OpenLibrary, display: ProgressDisplay): Disposable {
  return events.listen((event) => {
    if (event.name !== 'library.copying' || event.data === null) return;
    const { name, doneBytes, totalBytes } = event.data;
    display.show({ stage: 'copy', done: doneBytes, total: totalBytes, unit: 'bytes', detail: name });
  });
}

function tell({ added, known, notes, refused }: ImportResult): void {
  for (const { name, path, bytes } of added) output.lines(`Added: ${name}, ${formatBytes(bytes)}, ${path}`);
  for (const { name, path } of known) output.lines(`Here already: ${name}, ${path}`);
  for (const note of notes) showNote(note);
  for (const { message, advice } of refused)
    output.lines(`${paint('red', 'Not added:')} ${message}${advice === null ? '' : `. ${advice}`}`);
}

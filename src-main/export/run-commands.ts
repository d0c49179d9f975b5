import type { FitFacts } from './fit-facts.ts';

/** The files of an export, by their names in its folder. */
export interface PairNames {
  readonly model: string;
  /** null for a model that sees nothing */
  readonly mmproj: string | null;
}

const PICTURE_QUESTION = 'What is in this picture?';
export const SERVER_PORT = 8080;
/** Snug's own in a new conversation; llama.cpp's is 0.8, at which a small model wanders. */
export const TEMPERATURE = 0.2;

/** What both programs are told; flags are those of llama.cpp's common/arg.cpp. */
function loading({ model, mmproj }: PairNames, facts: FitFacts): string[] {
  const most = facts['luq.image_tokens.max'];
  return [
    ...['-m', model],
    ...(mmproj === null ? [] : ['--mmproj', mmproj]),
    ...['-c', String(facts['luq.context_tokens'])],
    ...(mmproj === null || most === undefined ? [] : ['--image-max-tokens', String(most)]),
    ...['--temp', String(TEMPERATURE)],
  ];
}

export function serverCommand(names: PairNames, facts: FitFacts): string[] {
  return [
    ...['llama-server', ...loading(names, facts)],
    ...['--host', '127.0.0.1', '--port', String(SERVER_PORT)],
  ];
}

/** undefined for a model without a vision file: llama-mtmd-cli needs one. */
export function pictureCommand(names: PairNames, facts: FitFacts): string[] | undefined {
  if (names.mmproj === null) return undefined;
  return [
    ...['llama-mtmd-cli', ...loading(names, facts)],
    ...['--image', 'picture.jpg', '-p', PICTURE_QUESTION],
  ];
}

export function ollamaCommands(name: string): string[][] {
  return [
    ['ollama', 'create', name, '-f', 'Modelfile'],
    ['ollama', 'run', name],
  ];
}

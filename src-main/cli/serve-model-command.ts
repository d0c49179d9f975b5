import type { Command } from 'commander';
import { basename, extname } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { DEFAULT_SERVING_PORT, MOST_PORT } from '../contract/serving.ts';
import { DEFAULT_SETTINGS } from '../contract/settings.ts';
import type { OpenChatRequest } from '../contract/chat.ts';
import { startEndpoint } from '../doors/endpoint/endpoint.ts';
import { output } from '../doors/terminal/terminal-output.ts';
import { LoadedModel } from '../services/loaded-model.ts';
import { PictureProcess } from '../services/picture-process.ts';
import { ServedModel } from '../services/served-model.ts';
import { contextTokens, wholeNumberUpTo, wholeNumber } from './arguments.ts';
import { chosenModel, chosenThreads } from './chosen-model.ts';
import { EXIT, showNote, withInterrupt } from './terminal.ts';

export interface ServeModelFlags {
  readonly mmproj?: string;
  readonly port: number;
  readonly key?: string;
  readonly context: number;
  readonly imageTokens?: number;
  readonly threads?: number;
  readonly anyway?: boolean;
  readonly json?: boolean;
}

export function addServeModelOptions(command: Command): Command {
  return command
    .option('--mmproj <file>', 'its vision file (default: the one kept with the model)')
    .option(
      '--port <n>',
      'the port on this machine; 0 takes a free one',
      wholeNumberUpTo(MOST_PORT),
      DEFAULT_SERVING_PORT,
    )
    .option(
      '--key <key>',
      'what programs have to show (default: made at random; other users see what is typed here)',
    )
    .option('--context <tokens>', 'context length', contextTokens, DEFAULT_SETTINGS.contextTokens)
    .option('--image-tokens <n>', 'most tokens a picture may take', wholeNumber(1))
    .option('--threads <n>', 'threads to compute with', wholeNumber(1))
    .option('--anyway', 'load the model also where the free memory is too small for it')
    .option('--json', 'print one JSON object');
}

/** `snug serve-model [MODEL]`: an OpenAI-compatible endpoint for programs of this machine, until Ctrl-C. */
export async function serveModelCommand(model: string | undefined, flags: ServeModelFlags): Promise<number> {
  const key = checkedKey(flags.key);
  const opening = await openRequest(model, flags);
  await using loaded = new LoadedModel();
  await using pictures = new PictureProcess();
  const served = new ServedModel(basename(opening.modelPath, extname(opening.modelPath)), {
    ...{ model: loaded, pictures },
    opening: () => Promise.resolve(opening),
    temperature: () => DEFAULT_SETTINGS.temperature,
  });
  await withInterrupt(async (signal) => {
    // what keeps it from being loaded is said before anybody asks
    await loaded.use(
      (one) =>
        one.open(opening, { signal, onEvent: (event) => event.kind === 'note' && showNote(event.text) }),
      signal,
    );
    const endpoint = await startEndpoint(served, { port: flags.port, key });
    try {
      tell({ address: endpoint.address, key: endpoint.key, model: served.name }, flags);
      await aborted(signal);
    } finally {
      await endpoint.close();
    }
  });
  return EXIT.ok;
}

async function openRequest(model: string | undefined, flags: ServeModelFlags): Promise<OpenChatRequest> {
  const { text, mmprojPath } = chosenModel({ model, mmproj: flags.mmproj, needsVision: false });
  return {
    ...{ modelPath: text.path, mmprojPath, contextTokens: flags.context },
    threads: await chosenThreads(flags.threads),
    ...{ imageMaxTokens: flags.imageTokens, anyway: flags.anyway },
  };
}

const KEY = /^[\x21-\x7e]{8,200}$/;

function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined || KEY.test(key)) return key;
  throw new SnugError('BAD_ARGUMENT', 'the key has to be 8 to 200 letters, digits or signs without a space', {
    advice: 'Leave --key out, and one is made at random.',
  });
}

function tell(served: { address: string; key: string; model: string }, { json }: ServeModelFlags): void {
  if (json) return output.json(served);
  const { address, key, model } = served;
  output.lines(
    `${model} answers at ${address}, on this machine alone.`,
    `Key: ${key}`,
    '',
    `curl ${address}/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    'Ctrl-C ends it.',
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

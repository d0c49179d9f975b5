import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { formatBytes } from '../contract/bytes.ts';
import type { Offer } from '../contract/catalogue.ts';
import { hubAddress } from '../contract/hub-address.ts';
import { SnugError } from '../contract/errors.ts';
import { tokenArguments } from '../contract/tokens.ts';
import { messages, output, paint } from '../doors/terminal/terminal-output.ts';
import { snugHome } from '../home.ts';
import { openTerminalDownloads, type TerminalDownloads } from '../services/terminal-downloads.ts';
import { catalogueLines, offerLines } from './catalogue-lines.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

export interface GetFlags {
  readonly precision?: string;
  readonly yes?: boolean;
  readonly askToken?: boolean;
  readonly json?: boolean;
}

export function addGetOptions(command: Command): Command {
  return command
    .option(
      '--precision <type>',
      'which of its files: F16, BF16, Q8_0, … (default: what this laptop has room for)',
    )
    .option('--yes', 'download without asking')
    .option('--ask-token', 'ask for an access token of the hub, and keep it in a file that only you can read')
    .option('--json', 'print one JSON object');
}

/** `snug get [NAME]`: what can be had, or a model from the hub. */
export async function getCommand(name: string | undefined, flags: GetFlags): Promise<number> {
  await using hub = await openTerminalDownloads(snugHome());
  if (flags.askToken) await askForToken(hub);
  if (name === undefined) {
    if (flags.askToken) return EXIT.ok;
    const catalogue = await hub.catalogue.list({});
    if (flags.json) output.json(catalogue);
    else output.lines(...catalogueLines(catalogue));
    return EXIT.ok;
  }
  const isAddress = name.includes('/') || hubAddress(name) !== undefined;
  const offer = await hub.catalogue.offer({
    ...(isAddress ? { address: name } : { id: name }),
    precision: flags.precision,
  });
  if (!flags.json) output.lines(...offerLines(offer));
  if (!(await isWanted(offer, flags))) {
    messages.lines('Nothing was downloaded.');
    return EXIT.cancelled;
  }
  // the hub is closed once it has ended
  return await download(hub, offer, flags);
}

async function download(hub: TerminalDownloads, offer: Offer, { json }: GetFlags): Promise<number> {
  const { name, repository, revision, files, licence } = offer;
  const display = new ProgressDisplay();
  const done = new Map<string, number>();
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const show = (stage: 'download' | 'verify') => {
    const here = [...done.values()].reduce((sum, bytes) => sum + bytes, 0);
    display.show({ stage, done: stage === 'verify' ? total : here, total, unit: 'bytes' });
  };
  try {
    const model = await withInterrupt((signal) =>
      hub.get(
        {
          name,
          repository,
          revision,
          files: files.map(({ path, role }) => ({ path, role })),
          ...(licence ? { licence: { name: licence.name, url: licence.url } } : {}),
          expected: { bytes: total },
        },
        {
          signal,
          onEvent: (event) => {
            if (event.kind === 'bytes') done.set(event.path, event.done);
            show(event.kind === 'verifying' ? 'verify' : 'download');
          },
        },
      ),
    );
    display.finish();
    if (json) output.json({ ...model, repository, commit: revision });
    else output.lines(...doneLines(model.modelPath, model.isListed, offer));
    return EXIT.ok;
  } finally {
    display.finish();
  }
}

function doneLines(path: string, isListed: boolean, { choices, precision }: Offer): string[] {
  const mayBeFitted = choices.some((one) => one.precision === precision && one.mayBeFitted);
  return [
    `${paint('green', 'Downloaded and checked:')} ${path}`,
    ...(isListed ? [] : ['The Snug that is open shows it on its page of models.']),
    'Next:',
    ...(mayBeFitted ? [`  snug fit ${quoted(path)}`] : []),
    `  snug chat --model ${quoted(path)}`,
  ];
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `"${path}"`;
}

async function isWanted({ needs }: Offer, { yes, json }: GetFlags): Promise<boolean> {
  if (yes) return true;
  const question = `Download ${formatBytes(needs.downloadBytes)}? [Y/n] `;
  if (json || !process.stdin.isTTY || !messages.isTerminal) {
    throw new SnugError('BAD_ARGUMENT', 'nobody can be asked whether to download it', {
      advice: 'Add --yes.',
    });
  }
  const answer = await withInterrupt((signal) => ask(question, signal));
  return /^\s*(y(es)?)?\s*$/i.test(answer);
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  using lines = createInterface({ input: process.stdin, output: process.stderr });
  return lines.question(question, { signal });
}

/** Reads a token without showing it; from a pipe it is the first line. */
async function askForToken({ tokens }: TerminalDownloads): Promise<void> {
  const token = await withInterrupt((signal) => readHidden('Access token: ', signal));
  const checked = tokenArguments.set.safeParse({ token });
  if (!checked.success) {
    throw new SnugError('BAD_ARGUMENT', 'this is no access token', {
      advice: 'Make one on the hub, in your settings there, and paste it whole.',
    });
  }
  await tokens.set(checked.data);
  messages.lines('The token is kept in tokens.json in Snug’s folder, which only you can read.');
}

async function readHidden(question: string, signal: AbortSignal): Promise<string> {
  const isTerminal = process.stdin.isTTY;
  if (isTerminal) messages.piece(question);
  // nothing is given back to the terminal: what is typed stays unseen
  using lines = createInterface({ input: process.stdin, terminal: isTerminal });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  if (isTerminal) messages.lines('');
  return line.trim();
}

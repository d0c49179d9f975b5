import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { commanderError } from '../doors/terminal/commander.ts';
import { messages, output } from '../doors/terminal/terminal-output.ts';

const LARGEST_PORT = 65_535;

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > LARGEST_PORT) {
    throw new InvalidArgumentError(`Give a whole number from 0 to ${LARGEST_PORT}, or leave it out.`);
  }
  return Number(text);
}

/** What was asked for on the command line; a number is the status to exit with, when everything has been said. */
export function readArguments(given: readonly string[]): { port: number } | number {
  const program = new Command('serve')
    .description("serves the app's window to a browser of this machine")
    .option('--port <n>', 'the port; without it, or with 0, a free one', port, 0)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => output.text(text.trimEnd()),
      writeErr: (text) => messages.text(text.trimEnd()),
      outputError: (text, write) => write(commanderError(text)),
    })
    .showHelpAfterError('Add nothing but --port and a number, or leave both out.')
    .exitOverride();
  try {
    return program.parse([...given], { from: 'user' }).opts<{ port: number }>();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

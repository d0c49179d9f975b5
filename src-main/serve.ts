import { join } from 'node:path';
import { remedyWords } from './doors/terminal/remedy-words.ts';
import { toErrorData } from './contract/errors.ts';
import { snugHome } from './home.ts';
import { appRoot } from './root.ts';
import { readArguments } from './serve/arguments.ts';
import { startServer } from './serve/server.ts';
import { endOnSignal } from './serve/stop.ts';
import { openServices, type Services } from './services/services.ts';
import { messages, output } from './doors/terminal/terminal-output.ts';

/**
 * Door 3: the app's window in a browser of this machine, for development and tests. `node src-main/serve.ts [--port N]` prints the
 * address with a token that opens it once. Loopback only.
 */
async function serve(port: number): Promise<void> {
  const home = snugHome();
  // every worker would strip the types of all its modules again
  process.env['NODE_COMPILE_CACHE'] ??= join(appRoot, '.cache', 'compiled');
  const services = openServices({ home, door: 'browser' });
  const server = await startServer(services, { port }).catch(async (error: unknown) => {
    await closeQuietly(services);
    throw error;
  });
  endOnSignal(
    [
      { name: 'the server', close: () => server.close() },
      { name: 'Snug', close: () => services.close() },
    ],
    process,
    { tell: (text) => messages.lines(text) },
  );
  output.lines(server.url);
}

/** Why it did not start is what the person has to know. */
async function closeQuietly(services: Services): Promise<void> {
  await services.close().catch(() => undefined);
}

// whoever started this may have stopped reading
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const asked = readArguments(process.argv.slice(2));
if (typeof asked === 'number') process.exitCode = asked;
else {
  try {
    await serve(asked.port);
  } catch (error) {
    const { message, advice, remedies = [] } = toErrorData(error);
    messages.text(message);
    if (advice !== undefined) messages.text(advice);
    for (const words of remedies.map(remedyWords)) if (words) messages.text(`  ${words}`);
    process.exitCode = 1;
  }
}

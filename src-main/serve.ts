import { join } from 'node:path';
import { startEndpoint } from './doors/endpoint/endpoint.ts';
import { wayOn } from './doors/terminal/remedy-words.ts';
import { toErrorData } from './contract/errors.ts';
import { insistHomeIsFolder } from './files/private-files.ts';
import { snugHome } from './home.ts';
import { appRoot } from './root.ts';
import { readArguments } from './serve/arguments.ts';
import { startServer } from './serve/server.ts';
import { endOnSignal } from './serve/stop.ts';
import { errorsIn } from './services/closing.ts';
import { openServices } from './services/services.ts';
import { messages, output } from './doors/terminal/terminal-output.ts';

/**
 * Door 3: the app's window in a browser of this machine, for development and tests. `node src-main/serve.ts [--port N]` prints the
 * address with a token that opens it once. Loopback only.
 */
async function serve(port: number): Promise<void> {
  const home = snugHome();
  insistHomeIsFolder(home);
  // every worker would strip the types of all its modules again
  process.env['NODE_COMPILE_CACHE'] ??= join(appRoot, '.cache', 'compiled');
  await using opening = new AsyncDisposableStack();
  const services = opening.use(await openServices({ home, door: 'browser', endpoint: startEndpoint }));
  const server = opening.use(await startServer(services, { port }));
  const steps = [
    { name: 'the server', close: () => server.close() },
    { name: 'Snug', close: () => services.close() },
  ];
  opening.use(endOnSignal(steps, process, { tell: (text) => messages.lines(text) }));
  output.lines(server.url);
  // from here on a signal ends it
  opening.move();
}

// whoever started this may have stopped reading
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const asked = readArguments(process.argv.slice(2));
if (typeof asked === 'number') process.exitCode = asked;
else {
  try {
    await serve(asked.port);
  } catch (error) {
    // why it did not start is what the person has to know, not what failed to close after it
    const data = toErrorData(errorsIn(error)[0]);
    messages.text(data.message);
    for (const words of wayOn(data)) messages.text(words);
    process.exitCode = 1;
  }
}

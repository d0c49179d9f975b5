import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { snugHome } from './luq/workspace.ts';
import { openServices } from './services/services.ts';
import { startServer } from './serve/server.ts';
import { toErrorData } from './contract/errors.ts';
import { messages, output } from './terminal-output.ts';

/**
 * Door 3: the app's window in a browser of this machine, for development and tests. `node src-main/serve.ts [--port N]` prints the
 * address with a token that opens it once. Loopback only.
 */
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
try {
  const home = snugHome();
  // every worker would strip the types of all its modules again
  process.env['NODE_COMPILE_CACHE'] ??= join(home, 'compile-cache');
  const services = openServices({ home, door: 'browser' });
  const server = await startServer(services, { port: Number(values.port) });
  output.lines(server.url);
  const stop = () => {
    void server
      .close()
      .then(() => services.close())
      .then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  const { message, advice } = toErrorData(error);
  messages.text(message);
  if (advice !== undefined) messages.text(advice);
  process.exitCode = 1;
}

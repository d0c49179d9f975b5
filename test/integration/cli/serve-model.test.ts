import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { shortModel } from '../../fixtures/short-demo.ts';
import { commandLine, type Running } from '../../helpers/command-line.ts';

// `snug serve-model` in a process of its own; what it answers is proved in serving.test.ts.

const { start, snug } = commandLine();

async function firstLine({ child }: Running): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout as AsyncIterable<string>) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

it('answers on this machine until it is stopped', async () => {
  const running = start([
    'serve-model',
    shortModel,
    '--port',
    '0',
    '--key',
    'sk-of-my-own',
    '--threads',
    '1',
    '--json',
  ]);
  const line = await Promise.race([firstLine(running), running.ended.then(({ stderr }) => stderr)]);
  const { address, model } = JSON.parse(line) as { address: string; model: string };
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  const ask = (key: string) =>
    fetch(`${address}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'What is this?' }], max_tokens: 2 }),
    });
  expect((await ask('sk-of-another')).status).toBe(401);
  const response = await ask('sk-of-my-own');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ model, object: 'chat.completion' });
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 0 });
});

it('says what is wrong with a port, a key and a model', async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as { port: number };
  const [taken, outside, key, model] = await Promise.all([
    snug('serve-model', shortModel, '--threads', '1', '--port', String(port)),
    snug('serve-model', shortModel, '--port', '70000'),
    snug('serve-model', shortModel, '--key', 'short'),
    snug('serve-model', '/nowhere.gguf'),
  ]);
  await new Promise((resolve) => busy.close(resolve));
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain(`port ${port} is in use`);
  expect(outside).toMatchObject({ code: 2 });
  expect(key.stderr).toContain('the key has to be 8 to 200 letters');
  expect(model.code).toBe(2);
});

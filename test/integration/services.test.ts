import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiArguments } from '../../src-main/contract/api.ts';
import type { OpenChatRequest } from '../../src-main/contract/chat.ts';
import type { Message } from '../../src-main/contract/conversation.ts';
import { forkWorker } from '../../src-main/engine/fork-worker.ts';
import type { WorkerPort } from '../../src-main/engine/worker-port.ts';
import { readSidecar, writeSidecar } from '../../src-main/models/sidecar.ts';
import { startServer, type RunningServer } from '../../src-main/serve/server.ts';
import { openServices, type Services } from '../../src-main/services/services.ts';
import { shortModel, shortSample as sample } from '../fixtures/short-demo.ts';
import { WITHOUT_TABLES, withLittleCalibration } from '../helpers/little-calibration.ts';
import { openToOthers } from '../helpers/open-to-others.ts';
import { timeKernels } from '../helpers/timed-home.ts';
import { TestWindow } from '../helpers/window.ts';

// The whole app but its page: real store, real worker processes, the demo model, over a real WebSocket.

let folder: string;
let home: string;
let page: string;
let services: Services;
let server: RunningServer;
let window: TestWindow;
const workers: { entry: string; port: WorkerPort }[] = [];
/** what chat workers were asked, in order */
let asked: { method: string; argument: unknown }[] = [];

async function start(): Promise<void> {
  services = await openServices({
    home,
    door: 'browser',
    builtIn: shortModel,
    start: (entry) => {
      const port = forkWorker(entry);
      workers.push({ entry, port });
      const isChat = entry.includes('chat');
      return {
        ...port,
        post: (message) => {
          if (isChat && message.kind === 'call') asked.push(message);
          port.post(withLittleCalibration(message, WITHOUT_TABLES));
        },
      };
    },
  });
  server = await startServer(services, { port: 0, page });
  window = await TestWindow.open(server.url);
}

async function stop(): Promise<void> {
  window.close();
  await server.close();
  await services.close();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'snug-services-'));
  home = join(folder, 'home');
  page = join(folder, 'page');
  mkdirSync(page);
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Snug</title>');
  await timeKernels(home);
  await start();
  // tests share two cores with each other
  await window.api.settings.set({ threads: 1, contextTokens: 1024 });
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const demo = async () => {
  const found = (await window.api.library.list({})).find((model) => model.builtIn);
  if (!found) throw new Error('the demo model is not in the library');
  return found;
};
const picture = (name: string) => readFileSync(sample(name));
const ended = (answer: Message) =>
  window.when('chat.message', (message) => message.id === answer.id && message.state !== 'streaming');

describe('the contract', () => {
  const methods = Object.entries(apiArguments).flatMap(([service, schemas]) =>
    Object.keys(schemas).map((method) => [service, method] as const),
  );

  it.each(methods)('%s.%s is served and checks its argument', async (service, method) => {
    const implementation = services.api[service as keyof typeof services.api] as unknown as Record<
      string,
      unknown
    >;
    expect(typeof implementation[method]).toBe('function');
    await expect(window.call(service, method, { surplus: 1 })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining(`${service}.${method}`) as string,
    });
  });
});

describe('the first start', () => {
  it('offers the demo model, which sees pictures', async () => {
    const model = await demo();
    expect(model).toMatchObject({ kind: 'source', problem: null, plan: null });
    expect(model.mmproj).not.toBeNull();
  });

  it('knows the laptop and says where things lie', async () => {
    const { laptop, budget, computeDevices } = await window.api.laptop.read({});
    expect(computeDevices).toContainEqual({ name: 'CPU', kind: 'cpu' });
    expect(laptop.memory.totalBytes).toBeGreaterThan(budget.bytes);
    expect(await window.api.app.info({})).toMatchObject({ door: 'browser', dataFolder: home, notices: [] });
  });

  it('writes diagnostics without a file name', async () => {
    const text = await window.api.app.diagnostics({});
    expect(JSON.parse(text)).toMatchObject({ door: 'browser', settings: { theme: 'system' } });
    expect(text).not.toContain(folder);
  });
});

/** What the window was told of the work on answers, each stage once in a row. */
function stages(conversationId: string): string[] {
  const told = window.events.flatMap((event) =>
    event.name === 'chat.activity' && event.data.conversationId === conversationId ? [event.data.stage] : [],
  );
  return told.filter((stage, index) => stage !== told[index - 1]);
}

describe('a conversation', () => {
  it('answers about a picture, and the follow-up without encoding it again', async () => {
    const model = await demo();
    const { id } = await window.api.conversations.create({ modelId: model.id });
    const kept = await window.addPicture(picture('circle'), 'circle.png');
    expect(Buffer.from(await window.fetchPicture(kept.hash))).toEqual(picture('circle'));
    const asked = { conversationId: id, text: '', pictures: [kept.hash] };
    expect((await window.api.chat.pictureCosts(asked))?.usual.tokens).toBeGreaterThan(0);

    window.events.length = 0;
    const first = await window.api.chat.send({
      conversationId: id,
      text: 'What color is the circle?',
      pictures: [kept.hash],
    });
    const answer = await ended(first.answer);
    expect(answer).toMatchObject({ state: 'done', modelName: model.name });
    expect(answer.text).not.toBe('');
    expect(answer.statistics?.encodeSeconds).toBeGreaterThan(0);
    expect(stages(id)).toEqual(['loading', 'reading', 'encoding', 'reading', 'answering', 'idle']);

    window.events.length = 0;
    const second = await window.api.chat.send({
      conversationId: id,
      text: 'How many shapes are there?',
      pictures: [],
    });
    const followUp = await ended(second.answer);
    expect(followUp.statistics?.encodeSeconds).toBe(0);
    expect(stages(id)).not.toContain('encoding');
    expect(followUp.statistics?.reusedTokens).toBeGreaterThan(answer.statistics?.promptTokens ?? Infinity);

    const kept2 = await window.api.conversations.get({ id });
    expect(kept2.title).toBe('What color is the circle?');
    expect(kept2.thread.map(({ role, state }) => [role, state])).toEqual([
      ['user', 'done'],
      ['assistant', 'done'],
      ['user', 'done'],
      ['assistant', 'done'],
    ]);
  });

  it('can be edited: what came after goes, and the answer is to the new question', async () => {
    const { id } = await window.api.conversations.create({ modelId: (await demo()).id });
    const { question, answer } = await window.api.chat.send({
      conversationId: id,
      text: 'What is 2 plus 2?',
      pictures: [],
    });
    await ended(answer);
    const edited = await window.api.chat.edit({ messageId: question.id, text: 'Hello!' });
    await ended(edited.answer);
    const { thread } = await window.api.conversations.get({ id });
    expect(thread.map(({ text }) => text)).toEqual(['Hello!', expect.any(String)]);
    expect(thread[1]?.id).toBe(edited.answer.id);
  });

  it('refuses a second question while an answer comes, and stops when told to', async () => {
    const { id } = await window.api.conversations.create({ modelId: (await demo()).id });
    const { answer } = await window.api.chat.send({
      conversationId: id,
      text: 'Describe the image.',
      pictures: [],
    });
    await expect(
      window.api.chat.send({ conversationId: id, text: 'And now?', pictures: [] }),
    ).rejects.toMatchObject({ code: 'BUSY' });
    await expect(window.api.folder.move({ to: join(folder, 'elsewhere') })).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('answering') as string,
    });
    await window.api.chat.stop({ conversationId: id });
    expect(['stopped', 'done']).toContain((await ended(answer)).state);
    expect((await window.api.conversations.get({ id })).thread).toHaveLength(2);
  });

  it('says that its process died, and answers again afterwards', async () => {
    const { id } = await window.api.conversations.create({ modelId: (await demo()).id });
    const { answer } = await window.api.chat.send({ conversationId: id, text: 'Hello!', pictures: [] });
    workers
      .filter(({ entry }) => entry.includes('chat'))
      .at(-1)
      ?.port.kill();
    const failed = await ended(answer);
    // a process killed between two answers is found out by the next
    if (failed.state === 'failed') expect(failed.error).toMatchObject({ code: 'WORKER_DIED' });
    const again = await window.api.chat.regenerate({ messageId: answer.id });
    expect(await ended(again)).toMatchObject({ state: 'done', error: null });
  });

  it('is opened with the layers on a graphics processor that the settings say, and without any at first', async () => {
    const { id } = await window.api.conversations.create({ modelId: (await demo()).id });
    const opened = async () => {
      asked = [];
      const { answer } = await window.api.chat.send({ conversationId: id, text: 'Hello!', pictures: [] });
      // a laptop without a graphics processor computes all the same
      expect(await ended(answer)).toMatchObject({ state: 'done', error: null });
      return asked
        .filter(({ method }) => method === 'open')
        .map(({ argument }) => (argument as OpenChatRequest).gpuLayers);
    };
    try {
      await window.api.settings.set({ gpuLayers: 2 });
      expect(await opened()).toEqual([2]);
      expect(await opened()).toEqual([]);
    } finally {
      await window.api.settings.set({ gpuLayers: null });
    }
    expect(await opened()).toEqual([undefined]);
  });

  it('takes no file that is no picture', async () => {
    await expect(
      window.addPicture(new TextEncoder().encode('not a picture'), 'notes.txt'),
    ).rejects.toMatchObject({
      code: 'BAD_PICTURE',
    });
  });

  it('cannot send a picture that was never kept', async () => {
    const { id } = await window.api.conversations.create({ modelId: (await demo()).id });
    await expect(
      window.api.chat.send({ conversationId: id, text: 'What is it?', pictures: ['0'.repeat(64)] }),
    ).rejects.toThrow();
    expect((await window.api.conversations.get({ id })).thread).toEqual([]);
  });
});

describe('a fit', () => {
  it('is previewed at every number of layers, smaller and smaller', async () => {
    const { id, layers } = await demo();
    const { byLowLayers, source } = await window.api.fits.preview({ modelId: id, contextTokens: 1024 });
    expect(byLowLayers).toHaveLength(layers + 1);
    const totals = byLowLayers.map(({ memory }) => memory.totalBytes);
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
    expect(source.memory.totalBytes).toBeGreaterThan(totals[0] ?? 0);
  });

  it('runs with progress, lands in the library, and is chatted with', async () => {
    const model = await demo();
    const { byLowLayers } = await window.api.fits.preview({ modelId: model.id, contextTokens: 1024 });
    const budgetBytes = byLowLayers[2]?.memory.totalBytes ?? 0;
    const job = await window.api.fits.start({
      modelId: model.id,
      budgetBytes,
      contextTokens: 1024,
      plan: 'luq',
    });
    expect(job.state).toBe('running');
    await expect(
      window.api.fits.start({ modelId: model.id, budgetBytes, contextTokens: 1024, plan: 'luq' }),
    ).rejects.toMatchObject({ code: 'BUSY' });
    await expect(window.api.folder.move({ to: join(folder, 'elsewhere') })).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('fit') as string,
    });

    const done = await window.when('fits.changed', ({ id, state }) => id === job.id && state !== 'running');
    expect(done.error).toBeNull();
    expect(done).toMatchObject({ state: 'done', share: 1 });
    // before layers are measured the preview says what is enough in any order
    const lowLayers = done.lowLayers ?? NaN;
    expect(lowLayers).toBeGreaterThan(0);
    expect(lowLayers).toBeLessThanOrEqual(2);
    expect(done.low).toHaveLength(lowLayers);
    expect(done.report?.plan.ordering).toBe('edge-protected');
    expect(done.low).not.toContain(0);
    expect(done.entropies).toHaveLength(model.layers);
    const stages = new Set(
      window.events.flatMap(({ name, data }) => (name === 'fits.changed' ? [data.progress?.stage] : [])),
    );
    for (const stage of ['calibrate', 'entropy', 'quantize', 'assemble', 'check'] as const)
      expect(stages).toContain(stage);

    const fitted = (await window.api.library.list({})).find(({ id }) => id === done.outputId);
    expect(fitted).toMatchObject({
      kind: 'fitted',
      madeFrom: model.id,
      plan: { lowLayers },
      problem: null,
    });
    const bank = await window.api.library.bank({});
    expect(bank.sources.map(({ name }) => name)).toEqual([model.name]);

    const { id } = await window.api.conversations.create({});
    expect((await window.api.conversations.get({ id })).modelId).toBe(fitted?.id);
  });

  it('that is paused goes on later and keeps what it had done', async () => {
    const model = await demo();
    const { byLowLayers, calibration } = await window.api.fits.preview({
      modelId: model.id,
      contextTokens: 1024,
    });
    expect(calibration?.order).toHaveLength(model.layers);
    const budgetBytes = byLowLayers[4]?.memory.totalBytes ?? 0;
    const job = await window.api.fits.start({
      modelId: model.id,
      budgetBytes,
      contextTokens: 1024,
      plan: 'luq',
    });
    await window.api.fits.pause({ jobId: job.id });
    const resumed = await window.api.fits.resume({ jobId: job.id });
    expect(['running', 'done']).toContain(resumed.state);
    const done = await window.when('fits.changed', ({ id, state }) => id === job.id && state === 'done');
    expect(done.report?.calibration.reused).toBe(true);
    expect(done.lowLayers).toBe(4);
  });

  it('takes the layers in the order asked for, and is as large as was said before', async () => {
    const { id: modelId, layers } = await demo();
    const { byLowLayers, calibration } = await window.api.fits.preview({
      modelId,
      contextTokens: 1024,
      ordering: 'depth',
    });
    expect(calibration?.order).toEqual(Array.from({ length: layers }, (_, layer) => layer));
    const expected = byLowLayers[3]?.memory;
    const job = await window.api.fits.start({
      plan: 'luq',
      modelId,
      budgetBytes: expected?.totalBytes ?? 0,
      contextTokens: 1024,
      ordering: 'depth',
    });
    const done = await window.when('fits.changed', (one) => one.id === job.id && one.state === 'done');
    expect(done.low).toEqual([0, 1, 2]);
    expect(done.report?.plan.predictedMemory).toEqual(expected);
  });

  it('that would break the quality asked for fails with what it takes, and the old model stays', async () => {
    const { id: modelId } = await demo();
    const before = await window.api.library.list({});
    const { byLowLayers } = await window.api.fits.preview({ modelId, contextTokens: 1024 });
    const job = await window.api.fits.start({
      plan: 'luq',
      modelId,
      budgetBytes: byLowLayers.at(-1)?.memory.totalBytes ?? 0,
      contextTokens: 1024,
      minAgreement: 0.999,
    });
    const failed = await window.when('fits.changed', ({ id, state }) => id === job.id && state !== 'running');
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'DOES_NOT_FIT' } });
    expect(failed.error?.advice).toBeTruthy();
    expect(await window.api.library.list({})).toEqual(before);
  });

  it('with a budget that nothing fits fails with what would help', async () => {
    const { id: modelId } = await demo();
    const job = await window.api.fits.start({
      modelId,
      budgetBytes: 1_000_000,
      contextTokens: 1024,
      plan: 'luq',
    });
    const failed = await window.when('fits.changed', ({ id, state }) => id === job.id && state !== 'running');
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'DOES_NOT_FIT' } });
    expect(failed.error?.advice).toBeTruthy();
  });
});

describe('two models', () => {
  it('answer the same question side by side', async () => {
    const models = await window.api.library.list({});
    const [first, second] = models;
    if (!first || !second) throw new Error('two models are needed');
    const { hash } = await window.addPicture(picture('circle'), 'circle.png');
    const comparing = window.api.chat.askSideBySide({
      modelIds: [first.id, second.id],
      text: 'What color is the circle?',
      pictures: [hash],
    });
    const { id: conversationId } = await window.api.conversations.create({});
    await window.when('chat.sideBySide', ({ answers: [first] }) => first?.stage === 'loading');
    // a third model in memory would spoil what is measured
    await expect(
      window.api.chat.send({ conversationId, text: 'And here?', pictures: [] }),
    ).rejects.toMatchObject({ code: 'BUSY' });
    const answers = await comparing;
    expect(answers.map(({ modelId, error, stage }) => [modelId, error, stage])).toEqual([
      [first.id, null, 'done'],
      [second.id, null, 'done'],
    ]);
    for (const answer of answers) expect(answer.peakMemoryBytes).toBeGreaterThan(0);
    const told = window.events.flatMap((event) =>
      event.name === 'chat.sideBySide' ? event.data.answers : [],
    );
    const stages = new Set(told.map(({ stage }) => stage));
    expect(stages).toEqual(new Set(['waiting', 'loading', 'reading', 'answering', 'done']));
  });

  it('stop in between: what was said stays, the second is not asked', async () => {
    window.events.length = 0;
    const [first, second] = await window.api.library.list({});
    if (!first || !second) throw new Error('two models are needed');
    const comparing = window.api.chat.askSideBySide({
      modelIds: [first.id, second.id],
      text: 'Describe the image.',
      pictures: [],
    });
    await window.when('chat.sideBySide', ({ answers: [first] }) => first?.stage === 'loading');
    await window.api.chat.stopSideBySide({});
    expect((await comparing).map(({ stage, error }) => [stage, error])).toEqual([
      ['stopped', null],
      ['stopped', null],
    ]);
  });
});

describe('the library', () => {
  it('sees at once where the vision encoder of a fitted model lies, which its sidecar alone says', async () => {
    const fitted = (await window.api.library.list({})).find(({ kind }) => kind === 'fitted');
    if (!fitted?.mmproj) throw new Error('a fitted model with its encoder is needed');
    const elsewhere = join(folder, 'encoder.gguf');
    copyFileSync(fitted.mmproj.path, elsewhere);
    const sidecar = readSidecar(fitted.path);
    writeSidecar(fitted.path, { ...sidecar, mmproj: elsewhere });
    const encoder = async () =>
      (await window.api.library.list({})).find(({ id }) => id === fitted.id)?.mmproj?.path;
    expect(await encoder()).toBe(elsewhere);
    writeSidecar(fitted.path, sidecar);
    expect(await encoder()).toBe(fitted.mmproj.path);
  });

  it('removes a fitted model with its file and brings it back', async () => {
    const fitted = (await window.api.library.list({})).find(({ kind }) => kind === 'fitted');
    if (!fitted) throw new Error('a fitted model is needed');
    const { freedBytes } = await window.api.library.remove({ id: fitted.id, deleteFile: true });
    expect(freedBytes).toBe(fitted.bytes);
    expect((await window.api.library.list({})).map(({ id }) => id)).not.toContain(fitted.id);
    expect(await window.api.library.restore({ id: fitted.id })).toMatchObject({
      id: fitted.id,
      problem: null,
    });
  });

  it('says of a file that is no model what it is, and takes the rest', async () => {
    const path = join(folder, 'notes.gguf');
    writeFileSync(path, 'not a model');
    const { path: demoPath } = await demo();
    const { added, known, refused } = await window.api.library.add({ paths: [path, demoPath] });
    expect(added).toEqual([]);
    expect(known.map((model) => model.path)).toEqual([demoPath]);
    expect(refused).toEqual([
      { path, message: expect.stringContaining('GGUF') as string, advice: expect.anything() as string },
    ]);
  });
});

describe('the folder of the models', () => {
  it('is moved with a fitted model that is loaded, which then answers from its new place', async () => {
    const fitted = (await window.api.library.list({})).find(({ kind }) => kind === 'fitted');
    const { id } = await window.api.conversations.create({ modelId: fitted?.id ?? '' });
    const ask = async (text: string) => {
      const { answer } = await window.api.chat.send({ conversationId: id, text, pictures: [] });
      return ended(answer);
    };
    expect(await ask('Hello!')).toMatchObject({ state: 'done' });
    const to = join(folder, 'elsewhere');
    const moved = await window.api.folder.move({ to });
    expect(moved.leftBehind).toEqual([]);
    const after = (await window.api.library.list({})).find((model) => model.id === fitted?.id);
    expect(after).toMatchObject({ problem: null, path: join(to, basename(fitted?.path ?? '')) });
    // its encoder is the demo's, which stays where the app keeps it
    expect(after?.mmproj).toEqual(fitted?.mmproj);
    expect(await ask('What is 2 plus 2?')).toMatchObject({ state: 'done' });

    const { id: modelId } = await demo();
    const { byLowLayers } = await window.api.fits.preview({ modelId, contextTokens: 1024 });
    const budgetBytes = byLowLayers[3]?.memory.totalBytes ?? 0;
    const job = await window.api.fits.start({ modelId, budgetBytes, contextTokens: 1024, plan: 'luq' });
    const done = await window.when('fits.changed', (one) => one.id === job.id && one.state !== 'running');
    expect(dirname(done.report?.files.luq.path ?? '')).toBe(to);
  });
});

describe('the log', () => {
  it('tells starts, fits, models and deaths, and neither a file nor a word of a chat', async () => {
    const { logsFolder } = await window.api.app.info({});
    const log = readFileSync(join(logsFolder, 'snug.log'), 'utf8');
    expect(log).toMatch(/ start door=browser /);
    expect(log).toMatch(/ fit-started state=running /);
    expect(log).toMatch(/ fit-ended state=done .*lowLayers=\d/);
    expect(log).toMatch(/ fit-ended state=failed code=DOES_NOT_FIT /);
    expect(log).toMatch(
      / model-loaded worker=chat-worker architecture=qwen2vl kind=source bytes=\d+ layers=\d+/,
    );
    expect(log).toMatch(/ worker-died worker=chat-worker .*signal=SIGKILL/);
    const { conversations } = window.api;
    const ids = (await conversations.list({})).map(({ id }) => id);
    const threads = await Promise.all(ids.map(async (id) => (await conversations.get({ id })).thread));
    // a short answer, as "one", may be part of any word of the log
    const said = threads
      .flatMap((thread) => thread.map(({ text }) => text))
      .filter((text) => /\w \w/.test(text));
    expect(said.length).toBeGreaterThan(3);
    const models = await window.api.library.list({});
    const names = models.flatMap(({ path, name }) => [name, basename(path), dirname(path)]);
    for (const secret of [...said, ...names, 'circle', 'gguf', folder]) expect(log).not.toContain(secret);
  });
});

describe('the home of all this', () => {
  it.runIf(process.platform !== 'win32')('is closed to other users, file by file', () => {
    expect(openToOthers(home)).toEqual([]);
  });
});

describe('after a restart', () => {
  it('conversations, models, jobs and settings are as they were', async () => {
    const before = {
      conversations: await window.api.conversations.list({}),
      models: (await window.api.library.list({})).map(({ id }) => id),
      jobs: (await window.api.fits.list({})).map(({ id, state }) => [id, state]),
    };
    await stop();
    await start();
    expect(await window.api.conversations.list({})).toEqual(before.conversations);
    expect((await window.api.library.list({})).map(({ id }) => id)).toEqual(before.models);
    expect((await window.api.fits.list({})).map(({ id, state }) => [id, state])).toEqual(before.jobs);
    expect((await window.api.settings.get({})).threads).toBe(1);
    const [hit] = await window.api.conversations.search({ query: 'circle' });
    expect(hit?.title).toBe('What color is the circle?');
  });
});

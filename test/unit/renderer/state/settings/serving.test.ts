import { render } from 'svelte/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SnugError } from '../../../../../src-main/contract/errors.ts';
import type { ServingState } from '../../../../../src-main/contract/serving.ts';
import ServingCard from '../../../../../src-renderer/components/settings/ServingCard.svelte';
import { ServingControl } from '../../../../../src-renderer/state/settings/serving.svelte.ts';
import { FakeBridge, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

const served: ServingState = {
  ...{ address: 'http://127.0.0.1:8642/v1', key: 'sk-snug-abc', modelName: 'demo', modelId: 'demo' },
  ...{ running: 0, waiting: 0 },
};

async function open(answers: ConstructorParameters<typeof FakeBridge>[0] = {}) {
  const bridge = new FakeBridge(answers);
  const app = openApp(bridge);
  await app.load();
  const state = new ServingControl(app);
  onTestFinished(() => state.close());
  return { app, bridge, state };
}

describe('serving a model', () => {
  it('begins and ends by a button, with the port that was typed', async () => {
    const { bridge, state } = await open({
      serving: { start: () => Promise.resolve(served), stop: () => Promise.resolve() },
    });
    state.port = '70000';
    expect(state.portError).toContain('up to 65535');
    await state.start();
    expect(bridge.asked('serving.start')).toEqual([]);
    state.port = '0';
    await state.start();
    expect(bridge.asked('serving.start')).toEqual([{ modelId: 'demo', port: 0 }]);
    expect(state.served).toEqual(served);
    await state.stop();
    expect(state.served).toBeNull();
  });

  it('offers the model in memory, else the newest that Snug fitted', async () => {
    const models = [
      model({ id: 'old', kind: 'fitted', addedAt: '2026-01-01', path: '/old.gguf' }),
      model({ id: 'new', kind: 'fitted', addedAt: '2026-02-01', path: '/new.gguf' }),
      model({ id: 'source', kind: 'source', addedAt: '2026-03-01', path: '/source.gguf' }),
    ];
    const { app, bridge, state } = await open({ library: { list: () => Promise.resolve(models) } });
    expect(state.modelId).toBe('new');
    bridge.emit({ name: 'chat.loaded', data: { path: '/old.gguf', memoryBytes: null } });
    expect(app.loaded?.path).toBe('/old.gguf');
    expect(state.modelId).toBe('old');
    await state.choose('source');
    expect(state.modelId).toBe('source');
  });

  it('serves another at once when another is chosen meanwhile', async () => {
    const { bridge, state } = await open({ serving: { start: () => Promise.resolve(served) } });
    await state.start();
    await state.choose('demo');
    expect(bridge.asked('serving.start')).toHaveLength(2);
  });

  it('shows what is asked of it', async () => {
    const { bridge, state } = await open();
    bridge.emit({ name: 'serving.changed', data: served });
    expect(state.loadText).toBe('No program asks it right now.');
    bridge.emit({ name: 'serving.changed', data: { ...served, running: 1 } });
    expect(state.loadText).toBe('A request is being answered.');
    bridge.emit({ name: 'serving.changed', data: { ...served, running: 1, waiting: 2 } });
    expect(state.loadText).toBe('A request is being answered; 2 more wait.');
  });

  it('says why it does not', async () => {
    const taken = new SnugError('BUSY', 'port 8642 is in use', { advice: 'Choose another one, or none.' });
    const { state } = await open({ serving: { start: () => Promise.reject(taken) } });
    await state.start();
    expect(state.error?.message).toBe('port 8642 is in use');
    expect(state.changing).toBe(false);
  });

  it('has a card with a model, a port and a button', async () => {
    const { app } = await open();
    const { body } = render(ServingCard, { props: { app } });
    expect(body).toContain('Serve on this computer');
    expect(body).toContain('8642');
    expect(body).toContain('Demo-VL');
  });
});

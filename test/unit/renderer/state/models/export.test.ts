import { describe, expect, it, onTestFinished } from 'vitest';
import { CancelledError, SnugError } from '../../../../../src-main/contract/errors.ts';
import { ExportState } from '../../../../../src-renderer/state/models/export.svelte.ts';
import { FakeBridge, MiB, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

const written = { folder: '/out/demo', files: ['demo.gguf'], placed: 'copied' as const };

async function open(exports: ConstructorParameters<typeof FakeBridge>[0] = {}) {
  const bridge = new FakeBridge(exports);
  const app = openApp(bridge);
  await app.load();
  const state = new ExportState(app);
  onTestFinished(() => state.close());
  return { app, bridge, state };
}

describe('an export', () => {
  it('goes to the folder that was typed, freed of the quotes it was copied with', async () => {
    const { app, bridge, state } = await open({ exports: { write: () => Promise.resolve(written) } });
    state.ask(model({ kind: 'fitted' }));
    await state.write();
    expect(bridge.asked('exports.write')).toEqual([]);
    state.folder = ' "/out" ';
    await state.write();
    expect(bridge.asked('exports.write')).toEqual([{ id: 'demo', folder: '/out', replace: false }]);
    expect(state.model).toBeNull();
    expect(app.toasts.list.at(-1)?.text).toBe('Demo-VL was exported to /out/demo');
  });

  it('takes the folder of the system’s dialog where there is one', async () => {
    const { bridge, state } = await open();
    expect(state.canChoose).toBe(false);
    bridge.chooseFolder = () => Promise.resolve('/chosen');
    await state.choose();
    expect(state.folder).toBe('/chosen');
    bridge.chooseFolder = () => Promise.resolve(null);
    await state.choose();
    expect(state.folder).toBe('/chosen');
  });

  it('asks before it writes over what is there', async () => {
    const taken = new SnugError('CANNOT_WRITE', 'it holds README.md already', {
      remedies: [{ kind: 'replace-files' }],
    });
    let isFirst = true;
    const write = () => {
      if (!isFirst) return Promise.resolve(written);
      isFirst = false;
      return Promise.reject(taken);
    };
    const { bridge, state } = await open({ exports: { write } });
    state.ask(model());
    state.folder = '/out';
    await state.write();
    expect(state.mayReplace).toBe(true);
    await state.write({ replace: true });
    expect(bridge.asked('exports.write')).toContainEqual({ id: 'demo', folder: '/out', replace: true });
    expect(state.error).toBeNull();
  });

  it('shows how far it is, also one that began elsewhere, and can be stopped', async () => {
    const progress = { modelId: 'demo', folder: '/out/demo', done: MiB, total: 4 * MiB };
    const { app, bridge, state } = await open({
      exports: {
        running: () => Promise.resolve(progress),
        cancel: () => Promise.resolve(),
        write: () => Promise.reject(new CancelledError()),
      },
    });
    await Promise.resolve();
    bridge.emit({ name: 'exports.changed', data: { ...progress, done: 2 * MiB } });
    expect(state.progressText).toBe('2.0\u00a0MiB of 4.0\u00a0MiB');
    await state.cancel();
    expect(bridge.asked('exports.cancel')).toHaveLength(1);
    bridge.emit({ name: 'exports.changed', data: null });
    state.ask(model());
    state.folder = '/out';
    await state.write();
    expect(state.error).toBeNull();
    expect(app.toasts.list.at(-1)?.text).toContain('nothing of it is left');
  });
});

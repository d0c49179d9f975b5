import { describe, expect, it } from 'vitest';
import { CancelledError, SnugError } from '../../../../../src-main/contract/errors.ts';
import type { FolderMove, MovedFolder } from '../../../../../src-main/contract/folder.ts';
import { FolderState } from '../../../../../src-renderer/state/settings/folder.svelte.ts';
import { FakeBridge, MiB } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

const running: FolderMove = {
  from: '/data/models',
  to: '/big/models',
  doneFiles: 1,
  totalFiles: 3,
  doneBytes: 2 * MiB,
  totalBytes: 8 * MiB,
};
const moved: MovedFolder = { folder: '/big/models', files: 3, bytes: 8 * MiB, leftBehind: [] };
const info = (modelsFolder: string) => ({
  version: '0.1.0',
  llamaCpp: 'b1',
  door: 'browser' as const,
  modelsFolder,
  dataFolder: '/data',
  logsFolder: '/data/logs',
  notices: [],
});

async function open(folder: ConstructorParameters<typeof FakeBridge>[0]) {
  let path = '/data/models';
  const bridge = new FakeBridge({ app: { info: () => Promise.resolve(info(path)) }, ...folder });
  const app = openApp(bridge);
  await app.load();
  const state = new FolderState(app);
  const lies = (where: string) => (path = where);
  return { app, bridge, state, lies };
}

const usual = { moving: () => Promise.resolve(null) };

describe('the folder of the models', () => {
  it('is moved to a typed path, freed of the quotes it was copied with', async () => {
    const { app, bridge, state, lies } = await open({
      folder: { ...usual, move: () => Promise.resolve(moved) },
    });
    await state.choose();
    expect(state.typed).toBe('');
    await state.submit();
    expect(bridge.asked('folder.move')).toEqual([]);
    state.typed = ' "/big/models" ';
    await state.submit();
    expect(bridge.asked('folder.move')).toEqual([{ to: '/big/models' }]);
    expect([state.typed, state.error]).toEqual([null, null]);
    expect(app.toasts.list[0]?.text).toContain('8.0\u00a0MiB moved');

    expect(state.isElsewhere).toBe(false);
    lies('/big/models');
    bridge.emit({ name: 'folder.moving', data: null });
    await expect.poll(() => state.path).toBe('/big/models');
    expect(state.isElsewhere).toBe(true);
    // a neighbour whose name only begins like Snug's own
    lies('/data-2/models');
    bridge.emit({ name: 'folder.moving', data: null });
    await expect.poll(() => state.path).toBe('/data-2/models');
    expect(state.isElsewhere).toBe(true);
  });

  it("is chosen by the system's dialog where there is one, and stays when none was chosen", async () => {
    const { bridge, state } = await open({ folder: { ...usual, move: () => Promise.resolve(moved) } });
    const answers = [null, '/big/models'];
    bridge.chooseFolder = () => Promise.resolve(answers.shift() ?? null);
    await state.choose();
    expect(bridge.asked('folder.move')).toEqual([]);
    await state.choose();
    expect(bridge.asked('folder.move')).toEqual([{ to: '/big/models' }]);
    expect(state.typed).toBeNull();
  });

  it('shows a move that runs since before the page was opened, and follows it', async () => {
    const { bridge, state } = await open({ folder: { moving: () => Promise.resolve(running) } });
    await expect.poll(() => state.move).toEqual(running);
    expect(state.progressText).toBe('2.0\u00a0MiB of 8.0\u00a0MiB, file 2 of 3');
    bridge.emit({ name: 'folder.moving', data: { ...running, doneFiles: 3, doneBytes: 8 * MiB } });
    expect(state.progressText).toBe('8.0\u00a0MiB of 8.0\u00a0MiB, file 3 of 3');
    bridge.emit({ name: 'folder.moving', data: null });
    expect(state.move).toBeNull();
    state.close();
    bridge.emit({ name: 'folder.moving', data: running });
    expect(state.move).toBeNull();
  });

  it('says why it could not be moved and tries again to the same place', async () => {
    let full = true;
    const { bridge, state } = await open({
      folder: {
        ...usual,
        move: () =>
          full
            ? Promise.reject(new SnugError('DISK_FULL', 'the disk is full', { advice: 'Free some space.' }))
            : Promise.resolve({ ...moved, leftBehind: ['/data/models/a.gguf'] }),
      },
    });
    await state.moveTo('/big/models');
    expect(state.error).toMatchObject({ code: 'DISK_FULL', advice: 'Free some space.' });
    full = false;
    await state.moveTo(state.failedTo);
    expect(bridge.asked('folder.move')).toEqual([{ to: '/big/models' }, { to: '/big/models' }]);
    expect(state.error).toBeNull();
    expect(state.leftBehind).toEqual(['/data/models/a.gguf']);
  });

  it('that is cancelled is no error', async () => {
    const { app, bridge, state } = await open({
      folder: {
        ...usual,
        cancel: () => Promise.resolve(),
        move: () => Promise.reject(new CancelledError()),
      },
    });
    await state.cancel();
    expect(bridge.asked('folder.cancel')).toEqual([{}]);
    await state.moveTo('/big/models');
    expect([state.error, state.cancelling]).toEqual([null, false]);
    expect(app.toasts.list[0]?.text).toContain('stopped');
  });
});

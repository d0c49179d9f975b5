import { describe, expect, it } from 'vitest';
import { CancelledError, SnugError } from '../../../../../src-main/contract/errors.ts';
import type { Verification } from '../../../../../src-main/contract/verification.ts';
import { ChecksState } from '../../../../../src-renderer/state/models/checks.svelte.ts';
import { originWords, stateWords, VERDICTS } from '../../../../../src-renderer/text/verification-words.ts';
import { FakeBridge, model } from '../../fake-bridge.ts';
import { openApp } from '../../open-app.ts';

const unchanged: Verification = { state: 'unchanged', files: [] };
function open(answers: ConstructorParameters<typeof FakeBridge>[0]) {
  const bridge = new FakeBridge(answers);
  return { bridge, app: openApp(bridge) };
}

const progress = { id: 'demo', kind: 'verify', doneBytes: 1, totalBytes: 4 } as const;

describe('verifying a model', () => {
  it('shows how far it is while it runs, and what came of it', async () => {
    const verifying = Promise.withResolvers<Verification>();
    const { app, bridge } = open({ library: { verify: () => verifying.promise } });
    const checks = new ChecksState(app);
    bridge.emit({ name: 'library.checking', data: progress });
    expect(checks.of('demo')).toMatchObject({ running: false, progress: null });
    const done = checks.verify('demo');
    bridge.emit({ name: 'library.checking', data: progress });
    expect(checks.of('demo')).toMatchObject({ running: true, progress });
    verifying.resolve(unchanged);
    await done;
    expect(checks.of('demo')).toEqual({
      running: false,
      progress: null,
      verification: unchanged,
      error: null,
    });
    checks.close();
  });

  it('says nothing of one that was stopped, and what is wrong with another', async () => {
    const errors = [new CancelledError(), new SnugError('FILE', 'the disk has an error')];
    const { app, bridge } = open({
      library: {
        verify: () => Promise.reject(errors.shift() ?? new Error()),
        cancelCheck: () => Promise.resolve(),
      },
    });
    const checks = new ChecksState(app);
    await checks.verify('demo');
    expect(checks.of('demo')).toMatchObject({ running: false, error: null, verification: null });
    await checks.verify('demo');
    expect(checks.of('demo').error?.message).toBe('the disk has an error');
    await checks.cancel('demo');
    expect(bridge.asked('library.cancelCheck')).toEqual([{ id: 'demo' }]);
    checks.close();
  });
});

describe('looking for a model', () => {
  it('is told where it was found, and may be in a folder that was chosen', async () => {
    const found = model({ path: '/new/demo.gguf' });
    const { app, bridge } = open({ library: { lookFor: () => Promise.resolve(found) } });
    const checks = new ChecksState(app);
    await checks.lookFor(model());
    bridge.chooseFolder = () => Promise.resolve('/new');
    await checks.chooseFolder(model());
    bridge.chooseFolder = () => Promise.resolve(null);
    await checks.chooseFolder(model());
    expect(bridge.asked('library.lookFor')).toEqual([{ id: 'demo' }, { id: 'demo', folder: '/new' }]);
    expect(app.toasts.list.map(({ text }) => text)).toContain('Demo-VL was found: /new/demo.gguf');
    checks.close();
  });
});

describe('the words of a check', () => {
  it('tell what each file is, and what it was compared with', () => {
    const file = {
      ...{ path: '/a.gguf', bytes: 1, sha256: 'a'.repeat(64), notedAt: null, problem: null },
      state: 'damaged',
      comparedWith: 'published',
    } as const;
    expect(stateWords(file)).toBe('damaged, compared with what its hub publishes');
    expect(stateWords({ ...file, state: 'unchanged', comparedWith: 'noted' })).toBe('unchanged');
    expect(stateWords({ ...file, problem: 'it cannot be read' })).toBe('it cannot be read');
    expect(VERDICTS.changed.text).toContain('add the model again');
  });

  it('tell where a model came from', () => {
    const source = {
      ...{ hub: 'https://huggingface.co', repository: 'a/b', revision: 'main', commit: '0123456789abcdef' },
      ...{ files: [], downloadedAt: '2026-05-01T00:00:00.000Z' },
    };
    expect(originWords({ kind: 'hub', source })).toBe('a/b on huggingface.co, main (commit 0123456789ab)');
    expect(originWords({ kind: 'app', app: 'lmStudio' })).toContain('LM Studio');
    expect(originWords({ kind: 'fit', from: { id: 'x', name: 'Demo-VL' } })).toBe('fitted here from Demo-VL');
    expect(originWords({ kind: 'fit', from: null })).toBe('fitted by Snug');
    expect(originWords({ kind: 'builtIn' })).toBe('comes with Snug');
    expect(originWords({ kind: 'file' })).toBe('a file that was added');
  });
});

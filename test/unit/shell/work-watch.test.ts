import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Download } from '../../../src-main/contract/downloads.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { runningJob } from '../../helpers/store-parts.ts';
import { untilTestEnds } from '../../helpers/until-test-ends.ts';

// Electron's binary is not needed for what this file decides; a stand-in takes the module's place.
const system = vi.hoisted(() => ({ awake: 0, told: [] as string[] }));
vi.mock('electron', () => ({
  powerSaveBlocker: { start: () => ++system.awake, stop: () => void system.awake-- },
  Notification: class {
    readonly title: string;
    constructor({ title }: { title: string }) {
      this.title = title;
    }
    on = () => undefined;
    show = () => void system.told.push(this.title);
  },
}));
const { watchWork } = await import('../../../src-main/shell/work-watch.ts');

const download = (change: Partial<Download> = {}): Download => ({
  id: 'd',
  name: 'Demo-VL',
  repository: 'owner/name',
  revision: 'main',
  commit: null,
  licence: null,
  files: [],
  state: 'downloading',
  bytes: 200,
  doneBytes: 50,
  bytesPerSecond: null,
  secondsLeft: null,
  error: null,
  modelId: null,
  startedAt: '2026-05-01T10:00:00.000Z',
  endedAt: null,
  ...change,
});

function watched({ isFocused = false } = {}) {
  const events = new EventBus();
  const bar: { share: number; mode: string }[] = [];
  const window = {
    setProgressBar: (share: number, { mode }: { mode: string }) => void bar.push({ share, mode }),
    isFocused: () => isFocused,
  };
  untilTestEnds(
    watchWork(
      events,
      () => window as unknown as Electron.BrowserWindow,
      () => undefined,
    ),
  );
  return { events, bar };
}

beforeEach(() => Object.assign(system, { awake: 0, told: [] }));

describe('a download outside the window', () => {
  it('shows how far it is, keeps the laptop awake, and is told of when it is done', () => {
    const { events, bar } = watched();
    events.emit('downloads.changed', [download()]);
    expect(bar.at(-1)).toEqual({ share: 0.25, mode: 'normal' });
    expect(system.awake).toBe(1);
    events.emit('downloads.changed', [download({ doneBytes: 100 })]);
    expect(system.awake).toBe(1);
    events.emit('downloads.changed', [download({ state: 'done' })]);
    expect(bar.at(-1)?.share).toBe(-1);
    expect(system.awake).toBe(0);
    expect(system.told).toEqual(['Demo-VL was downloaded']);
  });

  it('that fails is told of, one that is paused is not', () => {
    const { events } = watched();
    events.emit('downloads.changed', [download(), download({ id: 'e', state: 'queued' })]);
    events.emit('downloads.changed', [
      download({ state: 'failed' }),
      download({ id: 'e', state: 'downloading' }),
    ]);
    events.emit('downloads.changed', [download({ state: 'failed' }), download({ id: 'e', state: 'paused' })]);
    expect(system.told).toEqual(['The download of Demo-VL stopped']);
    expect(system.awake).toBe(0);
  });

  it('that was done before is not told of', () => {
    const { events } = watched();
    events.emit('downloads.changed', [download({ state: 'done' })]);
    expect(system.told).toEqual([]);
  });

  it('is not told of to whom looks at the window', () => {
    const { events } = watched({ isFocused: true });
    events.emit('downloads.changed', [download()]);
    events.emit('downloads.changed', [download({ state: 'done' })]);
    expect(system.told).toEqual([]);
  });
});

describe('a fit beside a download', () => {
  it('is what the taskbar shows while it runs, and the laptop may sleep when both have ended', () => {
    const { events, bar } = watched();
    events.emit('downloads.changed', [download()]);
    events.emit('fits.changed', runningJob('fit'));
    expect(bar.at(-1)?.share).toBe(0.15);
    events.emit('fits.changed', { ...runningJob('fit'), state: 'paused' });
    expect(bar.at(-1)).toEqual({ share: 0.25, mode: 'normal' });
    events.emit('downloads.changed', [download({ state: 'paused' })]);
    expect(bar.at(-1)).toEqual({ share: 0.15, mode: 'paused' });
    expect(system.awake).toBe(0);
    events.emit('fits.changed', { ...runningJob('fit'), state: 'done' });
    expect(bar.at(-1)?.share).toBe(-1);
  });

  it('is told of when it is done', () => {
    const { events } = watched();
    events.emit('fits.changed', runningJob('fit'));
    events.emit('fits.changed', { ...runningJob('fit'), state: 'done' });
    expect(system.told).toEqual(['Demo-VL is ready']);
  });
});

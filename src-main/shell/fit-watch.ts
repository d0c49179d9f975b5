import { Notification, powerSaveBlocker, type BrowserWindow } from 'electron';
import type { EventBus } from '../services/event-bus.ts';
import type { FitJob } from '../contract/fit-job.ts';

/** What the taskbar or dock shows of a fit: a share from 0 to 1, or −1 for nothing. */
function taskbarShare({ state, share }: Pick<FitJob, 'state' | 'share'>): number {
  return state === 'running' || state === 'paused' ? share : -1;
}

/** What is told of a fit that has ended by itself; undefined where the person ended it or it goes on. */
function endNotice(job: FitJob): { title: string; body: string } | undefined {
  if (job.state === 'done') return { title: `${job.modelName} is ready`, body: 'You can chat with it now.' };
  if (job.state !== 'failed') return undefined;
  return {
    title: `Fitting ${job.modelName} failed`,
    body: job.error?.message ?? 'Snug shows why. What it has done is kept.',
  };
}

/**
 * Shows a fit outside the window: progress in the taskbar, a notification at its end; and keeps the laptop from falling asleep over it.
 * Until disposed.
 */
export function watchFits(
  events: EventBus,
  window: () => BrowserWindow | undefined,
  show: () => void,
): Disposable {
  let awake: number | undefined;
  const maySleep = () => {
    if (awake !== undefined) powerSaveBlocker.stop(awake);
    awake = undefined;
  };
  // one that nothing refers to is collected together with its listener
  let notification: Notification | undefined;
  const running = new Set<string>();
  const watching = new DisposableStack();
  watching.defer(maySleep);
  const listening = events.listen((event) => {
    if (event.name !== 'fits.changed') return;
    const job = event.data;
    const mode = job.state === 'paused' ? 'paused' : 'normal';
    window()?.setProgressBar(taskbarShare(job), { mode });
    if (job.state === 'running') {
      running.add(job.id);
      awake ??= powerSaveBlocker.start('prevent-app-suspension');
      return;
    }
    maySleep();
    const notice = running.delete(job.id) ? endNotice(job) : undefined;
    // who looks at the window sees it there
    if (!notice || window()?.isFocused()) return;
    notification = new Notification(notice);
    notification.on('click', show);
    notification.show();
  });
  watching.use(listening);
  return watching;
}

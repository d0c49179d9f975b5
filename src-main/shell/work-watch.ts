import { Notification, powerSaveBlocker, type BrowserWindow } from 'electron';
import type { EventBus } from '../services/event-bus.ts';
import type { Download } from '../contract/downloads.ts';
import type { FitJob } from '../contract/fit-job.ts';

/** What the taskbar or dock shows: a share from 0 to 1, or −1 for nothing. */
interface Shown {
  readonly share: number;
  readonly mode: 'normal' | 'paused';
}

interface Notice {
  readonly title: string;
  readonly body: string;
}

/** A fit and downloads as far as they are at work, and who has ended since it was last told. */
class Work {
  #fit: FitJob | null = null;
  #downloads: readonly Download[] = [];

  get isRunning(): boolean {
    return this.#fit?.state === 'running' || this.#running.length > 0;
  }

  get #running(): readonly Download[] {
    return this.#downloads.filter(({ state }) => state === 'downloading' || state === 'verifying');
  }

  /** A fit goes before downloads, what runs before what is paused. */
  get shown(): Shown {
    if (this.#fit?.state === 'running') return { share: this.#fit.share, mode: 'normal' };
    const [download] = this.#running;
    if (download) {
      const { bytes, doneBytes } = download;
      return { share: bytes === null || bytes === 0 ? 0 : doneBytes / bytes, mode: 'normal' };
    }
    return this.#fit ? { share: this.#fit.share, mode: 'paused' } : { share: -1, mode: 'normal' };
  }

  takeFit(job: FitJob): Notice | undefined {
    const ran = this.#fit?.id === job.id && this.#fit.state === 'running';
    const goesOn = job.state === 'running' || job.state === 'paused';
    // another one is paused while this one ends
    if (goesOn || this.#fit?.id === job.id) this.#fit = goesOn ? job : null;
    return ran ? fitNotice(job) : undefined;
  }

  takeDownloads(downloads: readonly Download[]): Notice | undefined {
    const before = new Map(this.#downloads.map(({ id, state }) => [id, state]));
    this.#downloads = downloads;
    const isNew = ({ id, state }: Download) => before.has(id) && before.get(id) !== state;
    return downloads
      .filter(isNew)
      .flatMap((one) => downloadNotice(one) ?? [])
      .at(-1);
  }
}

/** What is told of a fit that has ended by itself; undefined where the person ended it or it goes on. */
function fitNotice(job: FitJob): Notice | undefined {
  if (job.state === 'done') return { title: `${job.modelName} is ready`, body: 'You can chat with it now.' };
  if (job.state !== 'failed') return undefined;
  return {
    title: `Fitting ${job.modelName} failed`,
    body: job.error?.message ?? 'Snug shows why. What it has done is kept.',
  };
}

function downloadNotice({ name, state, error }: Download): Notice | undefined {
  if (state === 'done') return { title: `${name} was downloaded`, body: 'You can fit it now.' };
  if (state !== 'failed') return undefined;
  return {
    title: `The download of ${name} stopped`,
    body: error?.message ?? 'Snug shows why. What it has is kept.',
  };
}

/**
 * Shows work in progress outside the window: how far it is in the taskbar, a notification at its end; and keeps the laptop from falling
 * asleep over it. Until disposed.
 */
export function watchWork(
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
  const work = new Work();
  const watching = new DisposableStack();
  watching.defer(maySleep);
  const listening = events.listen((event) => {
    if (event.name !== 'fits.changed' && event.name !== 'downloads.changed') return;
    const notice = event.name === 'fits.changed' ? work.takeFit(event.data) : work.takeDownloads(event.data);
    const { share, mode } = work.shown;
    window()?.setProgressBar(share, { mode });
    if (work.isRunning) awake ??= powerSaveBlocker.start('prevent-app-suspension');
    else maySleep();
    // who looks at the window sees it there
    if (!notice || window()?.isFocused()) return;
    notification = new Notification(notice);
    notification.on('click', show);
    notification.show();
  });
  watching.use(listening);
  return watching;
}

import type { ErrorData } from '../../../src-main/contract/errors.ts';
import { unbroken } from '../../text/unbroken.ts';

interface ToastAction {
  readonly label: string;
  run(): void | Promise<void>;
}

export interface ToastRequest {
  readonly text: string;
  readonly detail?: string | undefined;
  readonly tone?: 'plain' | 'good' | 'bad';
  readonly action?: ToastAction | undefined;
}

export interface Toast extends ToastRequest {
  readonly id: number;
  /** null: stays until it is closed */
  readonly milliseconds: number | null;
}

/** Long enough to read a line; longer where there is something to decide. */
const READING_MILLISECONDS = 5000;
const DECIDING_MILLISECONDS = 10_000;
/** More would cover the page; the oldest goes. */
const MOST_TOASTS = 4;

/** Short messages at the window's edge. What went wrong stays until it is closed. */
export class Toasts {
  list: readonly Toast[] = $state.raw([]);
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #nextId = 1;

  show(request: ToastRequest): number {
    const milliseconds =
      request.tone === 'bad' ? null : request.action ? DECIDING_MILLISECONDS : READING_MILLISECONDS;
    const toast: Toast = { ...request, id: this.#nextId++, milliseconds };
    for (const old of this.list.slice(0, Math.max(0, this.list.length + 1 - MOST_TOASTS))) this.close(old.id);
    this.list = [...this.list, toast];
    this.release(toast.id);
    return toast.id;
  }

  showError(error: ErrorData): number {
    return this.show({
      text: unbroken(error.message),
      detail: error.advice && unbroken(error.advice),
      tone: 'bad',
    });
  }

  /** Stops the clock while a toast is pointed at or focused. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  release(id: number): void {
    this.hold(id);
    const toast = this.list.find((one) => one.id === id);
    if (!toast || toast.milliseconds === null) return;
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), toast.milliseconds),
    );
  }

  close(id: number): void {
    this.hold(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

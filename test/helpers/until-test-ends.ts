import { onTestFinished } from 'vitest';

/** Disposes something when the running test ends. */
export function untilTestEnds(disposable: Disposable): void {
  onTestFinished(() => disposable[Symbol.dispose]());
}

import { onTestFinished } from 'vitest';
import type { Bridge } from '../../../src-renderer/bridge/bridge.ts';
import { AppState } from '../../../src-renderer/state/app/app.svelte.ts';
import { FakeAddressBar } from './fake-bridge.ts';

/** The window's state until the running test ends; its toasts, which close after a while, are closed then. */
export function openApp(bridge: Bridge, hash?: string): AppState {
  const app = new AppState(bridge, new FakeAddressBar(hash));
  onTestFinished(() => app.toasts.list.forEach(({ id }) => app.toasts.close(id)));
  return app;
}

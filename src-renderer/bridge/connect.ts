import type { Bridge } from './bridge.ts';
import { connectShell, type ShellBridge } from './electron-bridge.ts';
import { connectSocket } from './socket-bridge.ts';

declare global {
  interface Window {
    /** put there by the preload script under Electron */
    readonly snugShell?: ShellBridge;
  }
}

export function connect(): Bridge {
  const { snugShell } = window;
  return snugShell ? connectShell(snugShell) : connectSocket(window);
}

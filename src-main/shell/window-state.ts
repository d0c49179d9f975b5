import type { BrowserWindow } from 'electron';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../files/durable-files.ts';
import { readKept } from '../files/json-file.ts';
import type { WindowState } from './window.ts';

const stateSchema = z.object({
  width: z.int().min(400).max(20_000),
  height: z.int().min(480).max(20_000),
  x: z.int().optional(),
  y: z.int().optional(),
});
const DEFAULT_STATE: WindowState = { width: 1180, height: 800 };

function statePath(home: string): string {
  return join(home, 'window.json');
}

/** Where the window was; the default when that was never kept or makes no sense. */
export function readWindowState(home: string): WindowState {
  return readKept(statePath(home), stateSchema) ?? DEFAULT_STATE;
}

export function keepWindowState(window: Pick<BrowserWindow, 'on' | 'getNormalBounds'>, home: string): void {
  window.on('close', () => {
    try {
      writeFileAtomically(statePath(home), JSON.stringify(window.getNormalBounds()));
    } catch {
      // a full disk: the window opens at its usual place, and Snug still ends as it should
    }
  });
}

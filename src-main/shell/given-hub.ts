import type { BrowserWindow } from 'electron';
import type { SettingsChange } from '../contract/settings.ts';
import { DEFAULT_HUB } from '../contract/hub-setting.ts';
import { SnugError } from '../contract/errors.ts';
import type { CallGuard } from '../doors/dispatcher.ts';
import { askForPaths } from './ask-paths.ts';

/** A page may not choose by itself whom Snug talks to: for a hub of another address the person is asked in the system's own box. */
export function guardHub(current: () => Promise<string>, window: () => BrowserWindow | undefined): CallGuard {
  return async (name, argument) => {
    if (name !== 'settings.set') return;
    const { hubAddress } = argument as SettingsChange;
    if (hubAddress === undefined || hubAddress === DEFAULT_HUB || hubAddress === (await current())) return;
    const words = { message: 'May Snug download models from this address?', yes: 'Allow' };
    if (await askForPaths(words, [hubAddress], window())) return;
    throw new SnugError('BAD_ARGUMENT', 'this address was not allowed', {
      advice: 'Allow it when Snug asks, or leave the hub as it is.',
    });
  };
}

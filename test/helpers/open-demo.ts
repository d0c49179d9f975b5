import { loadAddon } from '../../src-main/engine/addon.ts';
import { openModel } from '../../src-main/models/open-model.ts';
import { DEMO_IMAGE_TOKENS, demoMmproj, demoModel } from '../fixtures/demo.ts';

/** The demo model and its vision encoder in the addon, to be computed with on one thread. */
export function openDemo() {
  const files = { path: demoModel, mmprojPath: demoMmproj };
  return openModel(loadAddon().addon, { ...files, limits: DEMO_IMAGE_TOKENS, threads: 1 });
}

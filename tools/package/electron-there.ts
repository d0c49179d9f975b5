import { existsSync } from 'node:fs';
import { join } from 'node:path';

// The specs of the window run in Electron too where its program is; its download is a step of its own, and not possible everywhere.
if (!existsSync(join(import.meta.dirname, '..', '..', 'node_modules', 'electron', 'path.txt'))) {
  console.log(
    'Electron’s program is not here, so the specs run in Chromium alone. It is fetched by: npx install-electron --no',
  );
}

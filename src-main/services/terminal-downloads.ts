import type { CatalogueService } from '../contract/catalogue.ts';
import type { DownloadStart } from '../contract/downloads.ts';
import { hasCode } from '../contract/errors.ts';
import type { FitReport } from '../contract/fit-report.ts';
import { DEFAULT_SETTINGS, type Settings } from '../contract/settings.ts';
import { makeFolder } from '../files/durable-files.ts';
import { modelsFolder } from '../home.ts';
import { readCatalogue } from '../models/catalogue.ts';
import { openStore } from '../store/database.ts';
import { lookIntoStore } from '../store/look.ts';
import { announce } from './arrivals.ts';
import { ModelCatalogue } from './catalogue.ts';
import { downloadModel, type DownloadedModel, type DownloadEvent } from './downloads/download-model.ts';
import { FitService } from './fit-service.ts';
import { HubAccess, partsOnDisk } from './hub-access.ts';
import { LaptopReader } from './laptop.ts';
import { ModelReader } from './model-reader.ts';
import { Tokens } from './tokens.ts';

/** What the window has chosen and made, as far as a terminal goes by it. */
interface Known {
  readonly settings: Settings;
  readonly folder: string;
  readonly isOwn: boolean;
  readonly reports: readonly FitReport[];
}

function known(home: string): Known {
  using look = lookIntoStore(home);
  const chosen = look?.settings.modelsFolder ?? null;
  return {
    settings: look?.settings.get() ?? DEFAULT_SETTINGS,
    folder: chosen ?? modelsFolder(home),
    isOwn: chosen === null,
    reports: look?.fitJobs.list().flatMap(({ report }) => (report ? [report] : [])) ?? [],
  };
}

/** What a terminal needs to get models from a hub, beside a window that is open or without one. */
export interface TerminalDownloads extends AsyncDisposable {
  readonly catalogue: CatalogueService;
  readonly tokens: Tokens;
  /** Downloads a model into the models folder and takes it into the library, at once or by the window that is open. */
  get(
    wanted: DownloadStart,
    told: { readonly signal: AbortSignal; readonly onEvent: (event: DownloadEvent) => void },
  ): Promise<DownloadedModel & { readonly isListed: boolean }>;
}

/** `catalogue`: the list of models to download; the one that Snug comes with when undefined. */
export async function openTerminalDownloads(home: string, catalogue?: string): Promise<TerminalDownloads> {
  const { settings, folder, isOwn, reports } = known(home);
  await using opening = new AsyncDisposableStack();
  const { hubAddress } = settings;
  const tokens = new Tokens({ home, hubAddress: () => hubAddress });
  const hub = opening.use(
    new HubAccess({
      home,
      hubAddress: () => hubAddress,
      bytesPerSecond: () => settings.downloadBytesPerSecond,
      tokenFor: (address) => tokens.for(address),
    }),
  );
  const reader = opening.use(new ModelReader());
  const models = new ModelCatalogue({
    home,
    entries: () => readCatalogue(catalogue),
    hub: () => hub.hub(),
    reader,
    fits: new FitService(),
    laptop: new LaptopReader({ current: folder }),
    folder: { current: folder, isOwn },
    settings: { current: settings },
    reports: () => reports,
  });
  opening.defer(() => models.close());
  const opened = opening.move();
  return {
    catalogue: models,
    tokens,
    get: async (wanted, told) => {
      makeFolder(folder);
      const model = await downloadModel(
        {
          repository: wanted.repository,
          revision: wanted.revision ?? 'main',
          commit: null,
          folder: null,
          files: wanted.files,
          licence: wanted.licence ?? null,
          expectedBytes: wanted.expected?.bytes ?? null,
        },
        { hub: hub.port(), parts: partsOnDisk, modelsFolder: folder, home, ...told },
      );
      return { ...model, isListed: listed(home, model) };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** False where a window has the store: it is told of the model then, and takes it in. */
function listed(home: string, { modelPath: path, mmprojPath }: DownloadedModel): boolean {
  try {
    using store = openStore(home);
    store.models.add({ path, mmprojPath });
    return true;
  } catch (error) {
    if (!hasCode(error, 'BUSY')) throw error;
    announce(home, { path, ...(mmprojPath === undefined ? {} : { mmprojPath }) });
    return false;
  }
}

import type { ResolveProxy } from '../downloads/proxy.ts';
import { Arrivals } from './arrivals.ts';
import { Downloads } from './downloads.ts';
import { HubAccess, partsOnDisk } from './hub-access.ts';
import type { Ground, Models } from './parts.ts';
import { Tokens, type SecretKeeper } from './tokens.ts';

/** What a door knows of the system's network and keychain; a terminal and a browser's door know neither. */
export interface DoorSystem {
  readonly secrets?: SecretKeeper | undefined;
  readonly resolveProxy?: ResolveProxy | undefined;
}

/** What has to do with hubs. */
export interface DownloadServices {
  readonly downloads: Downloads;
  readonly tokens: Tokens;
  readonly hub: HubAccess;
}

export function openDownloads(
  { home, store, events, settings, activity, working }: Ground,
  { library, folder, unfinished }: Models,
  { secrets, resolveProxy }: DoorSystem,
): DownloadServices {
  const hubAddress = () => settings.current.hubAddress;
  const tokens = new Tokens({ home, hubAddress, keeper: secrets });
  const hub = new HubAccess({
    home,
    hubAddress,
    bytesPerSecond: () => settings.current.downloadBytesPerSecond,
    tokenFor: (address) => tokens.for(address),
    resolveProxy,
  });
  const downloads = new Downloads({
    home,
    downloads: store.downloads,
    folder,
    events,
    activity,
    openHub: () => hub.port(),
    parts: partsOnDisk,
    unfinished,
    keep: ({ modelPath: path, mmprojPath }) => library.register({ path, mmprojPath }).id,
  });
  working.use({
    close: async () => {
      await downloads.close();
      await hub[Symbol.asyncDispose]();
    },
  });
  return { downloads, tokens, hub };
}

/** Lets downloads go on that ran when Snug ended, and takes in what a terminal downloaded; until disposed. */
export function goOnDownloading(
  { home }: Pick<Ground, 'home'>,
  { library }: Pick<Models, 'library'>,
  { downloads }: DownloadServices,
): Disposable {
  downloads.goOn();
  return new Arrivals(home, (arrival) => void library.register(arrival));
}

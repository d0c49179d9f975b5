import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Catalogue,
  CatalogueEntry,
  CatalogueItem,
  CatalogueService,
  Offer,
} from '../contract/catalogue.ts';
import { SnugError } from '../contract/errors.ts';
import type { FitReport } from '../contract/fit-report.ts';
import type { HubAddress } from '../contract/hub-address.ts';
import type { LaptopService } from '../contract/laptop.ts';
import { freeDiskBytes } from '../files/disk.ts';
import { workFolder } from '../home.ts';
import { givenHubAddress } from '../models/hub-address.ts';
import { choose } from './catalogue/choice.ts';
import type { HubReader } from './catalogue/hub-reader.ts';
import type { Machine } from './catalogue/machine.ts';
import { estimatedDownload, estimatedSizes, exactSizes, needsOf } from './catalogue/needs.ts';
import { filesOf, licenceOf, planOffer } from './catalogue/plan-offer.ts';
import { RemoteModels, type RemoteModel } from './catalogue/remote-models.ts';
import { judge } from './catalogue/verdict.ts';
import type { FitService } from './fit-service.ts';
import type { ModelsFolder } from './folder.ts';
import type { ModelReader } from './model-reader.ts';
import type { StoredSettings } from './settings.ts';

/** Models to begin with, and what each would come to on this laptop. */
export class ModelCatalogue implements CatalogueService {
  readonly #home: string;
  readonly #read: () => readonly CatalogueEntry[];
  readonly #hub: () => HubReader & { readonly address: URL };
  readonly #laptop: LaptopService;
  readonly #folder: Pick<ModelsFolder, 'current' | 'isOwn'>;
  readonly #settings: Pick<StoredSettings, 'current'>;
  readonly #reports: () => readonly FitReport[];
  readonly #remote: RemoteModels;
  #bytesPerSecond: number | null = null;

  constructor(parts: {
    home: string;
    /** the models of the catalogue; throws where it cannot be read */
    entries: () => readonly CatalogueEntry[];
    /** as the settings have it now */
    hub: () => HubReader & { readonly address: URL };
    reader: Pick<ModelReader, 'missingHeader' | 'describe'>;
    fits: Pick<FitService, 'sizeUp'>;
    laptop: LaptopService;
    folder: Pick<ModelsFolder, 'current' | 'isOwn'>;
    settings: Pick<StoredSettings, 'current'>;
    /** of fits that ended well here, newest first */
    reports: () => readonly FitReport[];
  }) {
    const { home, entries, hub, laptop, folder, settings, reports, reader, fits } = parts;
    this.#home = home;
    this.#read = entries;
    this.#hub = hub;
    this.#laptop = laptop;
    this.#folder = folder;
    this.#settings = settings;
    this.#reports = reports;
    const scratch = join(workFolder(home), 'offers');
    // what a run before left when it was killed
    rmSync(scratch, { recursive: true, force: true });
    const onSpeed = (bytesPerSecond: number) => (this.#bytesPerSecond = bytesPerSecond);
    this.#remote = new RemoteModels({ home, reader, fits, scratch, onSpeed });
  }

  async list(): Promise<Catalogue> {
    const machine = await this.#machine();
    const entries = this.#read();
    const items = entries.map((entry) => itemOf(entry, machine));
    return { items, recommended: recommendedOf(entries, items), hub: this.#hub().address.host };
  }

  async offer({ id, address, precision }: Parameters<CatalogueService['offer']>[0]): Promise<Offer> {
    const asked: HubAddress =
      id === undefined ? givenHubAddress(address ?? '') : { repository: this.#entry(id).repository };
    const hub = this.#hub();
    const [machine, repository] = await Promise.all([
      this.#machine(),
      hub.files(asked.repository, asked.revision, this.#remote.closing),
    ]);
    const planned = planOffer(repository, { ...asked, precision: precision ?? asked.precision }, machine);
    const model = await this.#remote.look(hub, planned, machine);
    return offerOf({
      planned,
      model,
      // looking into it showed how fast the network is
      machine: { ...machine, bytesPerSecond: this.#bytesPerSecond },
      entry: this.#read().find((entry) => isSame(entry.repository, repository.repository)),
    });
  }

  #entry(id: string): CatalogueEntry {
    const entries = this.#read();
    const found = entries.find((entry) => entry.id === id.toLowerCase());
    if (found) return found;
    throw new SnugError('NOT_FOUND', `there is no ${id} in the catalogue`, {
      advice: `It has ${entries.map((entry) => entry.id).join(', ')}. Others are named by their address: owner/name.`,
    });
  }

  async #machine(): Promise<Machine> {
    const laptop = await this.#laptop.read({});
    const { isOwn, current } = this.#folder;
    return {
      limits: laptop.limits,
      threads: laptop.threads,
      disk: {
        freeBytes: freeDiskBytes(current),
        workFreeBytes: isOwn ? null : freeDiskBytes(this.#home),
      },
      bytesPerSecond: this.#bytesPerSecond,
      earlier: this.#reports(),
      contextTokens: this.#settings.current.contextTokens,
    };
  }

  async close(): Promise<void> {
    await this.#remote.close();
  }
}

function itemOf(entry: CatalogueEntry, machine: Machine): CatalogueItem {
  const candidates = entry.precisions.map((precision) => ({
    precision,
    mayBeFitted: true,
    bytes: estimatedDownload(entry, precision),
    parameters: entry.parameters,
  }));
  const chosen = choose(candidates, machine);
  const precision = chosen?.model.precision ?? entry.precisions[0] ?? 'F16';
  const needs = needsOf(estimatedSizes(entry, precision, machine.contextTokens), machine);
  const { id, name, description, repository, precisions } = entry;
  const { parameters, layers, contextTokens, pictureTokens, licence } = entry;
  return {
    ...{
      id,
      name,
      description,
      repository,
      precisions,
      parameters,
      layers,
      contextTokens,
      pictureTokens,
      licence,
    },
    ...{ needs, verdict: judge(needs), precision, why: chosen?.why ?? '' },
  };
}

/** The largest of the family that the catalogue begins with that runs well here; else the first of any that does. */
function recommendedOf(entries: readonly CatalogueEntry[], items: readonly CatalogueItem[]): string | null {
  const runsWell = ({ needs, verdict }: CatalogueItem) =>
    verdict.kind !== 'too-large' && (needs.memory.fittedBytes?.most ?? 0) <= needs.memory.comfortableBytes;
  const first = entries[0]?.architecture;
  const family = new Set(entries.filter((entry) => entry.architecture === first).map(({ id }) => id));
  const best = items.filter((item) => family.has(item.id) && runsWell(item));
  const largest = best.toSorted((a, b) => b.parameters - a.parameters)[0];
  const others = items.filter(({ verdict }) => verdict.kind !== 'too-large');
  return (largest ?? items.find(runsWell) ?? others[0])?.id ?? null;
}

function offerOf({
  planned,
  model,
  machine,
  entry,
}: {
  planned: ReturnType<typeof planOffer>;
  model: RemoteModel;
  machine: Machine;
  entry: CatalogueEntry | undefined;
}): Offer {
  const { repository, choices, chosen, why } = planned;
  const { description, sized, vision, notes } = model;
  const files = filesOf(chosen, vision);
  const downloadBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const needs = needsOf(exactSizes(sized, description.parameters, downloadBytes), machine);
  const ownName = repository.repository.replace(/^.*\//, '');
  const isGated = repository.gated !== false;
  return {
    id: entry?.id ?? null,
    name: entry?.name ?? (description.name === 'unnamed' ? ownName : description.name),
    repository: repository.repository,
    revision: repository.commit,
    licence: licenceOf(repository, entry),
    choices: choices.map(({ precision, bytes, mayBeFitted }) => ({ precision, bytes, mayBeFitted })),
    precision: chosen.precision,
    why,
    parameters: description.parameters,
    layers: description.layers,
    contextTokens: description.trainingContextTokens,
    sees: vision !== undefined,
    needs,
    verdict: judge(needs),
    notes: [
      ...notes,
      ...(isGated ? [`Its publisher gives it to those who accepted its licence: ${repository.page}`] : []),
    ],
    files,
  };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

import { isCancelled, SnugError, throwIfCancelled } from '../../contract/errors.ts';
import type { Description } from '../../contract/model.ts';
import type { SizedModel } from '../../contract/workers/compress.ts';
import type { ListedFile } from '../../models/repository-files.ts';
import type { FitService } from '../fit-service.ts';
import type { ModelReader } from '../model-reader.ts';
import { TaskQueue } from '../task-queue.ts';
import type { HubReader } from './hub-reader.ts';
import type { Machine } from './machine.ts';
import type { PlannedOffer } from './plan-offer.ts';
import { RemoteHeaders, type Place } from './remote-headers.ts';

/** A model that is on a hub, as its headers have it. */
export interface RemoteModel {
  readonly description: Description;
  readonly sized: SizedModel;
  /** its vision file; undefined where none fits */
  readonly vision: ListedFile | undefined;
  /** for the person, in sentences */
  readonly notes: readonly string[];
}

/** llama.cpp takes some seconds for the largest headers. */
const LIMIT_MILLISECONDS = 60_000;
/** Vision files of a repository that are tried: they differ in precision, and then all fit or none. */
const MOST_VISIONS = 3;
const MOST_KEPT = 50;

/** Looks into models that are on a hub, by their headers alone, in processes of their own. */
export class RemoteModels {
  readonly #home: string;
  readonly #reader: Pick<ModelReader, 'missingHeader' | 'describe'>;
  readonly #fits: Pick<FitService, 'sizeUp'>;
  readonly #scratch: string;
  readonly #onSpeed: (bytesPerSecond: number) => void;
  /** each look is a process of its own */
  readonly #queue = new TaskQueue();
  readonly #closing = new AbortController();
  /** a commit's files never change */
  readonly #known = new Map<string, RemoteModel>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    home: string;
    reader: Pick<ModelReader, 'missingHeader' | 'describe'>;
    fits: Pick<FitService, 'sizeUp'>;
    /** a folder for headers */
    scratch: string;
    onSpeed: (bytesPerSecond: number) => void;
  }) {
    this.#home = parts.home;
    this.#reader = parts.reader;
    this.#fits = parts.fits;
    this.#scratch = parts.scratch;
    this.#onSpeed = parts.onSpeed;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Throws with the reason where Snug cannot use it. */
  async look(hub: HubReader, offer: PlannedOffer, { contextTokens }: Machine): Promise<RemoteModel> {
    const { repository, commit } = offer.repository;
    const paths = [...offer.chosen.listed.files, ...offer.visions].map(({ path }) => path);
    const key = JSON.stringify([repository, commit, contextTokens, ...paths]);
    const known = this.#known.get(key);
    if (known) return known;
    const looked = this.#queue.run(() => this.#look(hub, offer, contextTokens));
    this.#last = looked.catch(() => undefined);
    const model = await looked;
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(key, model);
    return model;
  }

  async #look(hub: HubReader, offer: PlannedOffer, contextTokens: number): Promise<RemoteModel> {
    throwIfCancelled(this.#closing.signal);
    using headers = new RemoteHeaders({
      hub,
      reader: this.#reader,
      folder: this.#scratch,
      onSpeed: this.#onSpeed,
    });
    const place = offer.repository;
    const paths: string[] = [];
    for (const file of offer.chosen.listed.files)
      paths.push(await headers.fetch(place, file, this.#closing.signal));
    const modelPath = paths[0] ?? '';
    try {
      const pair = await this.#paired(headers, place, offer.visions, modelPath);
      const sized = await this.#sizeUp({ modelPath, mmprojPath: pair.path, contextTokens });
      return { ...pair, sized };
    } catch (error) {
      throw headers.named(error);
    }
  }

  /** The model and the first vision file that fits it. */
  async #paired(
    headers: RemoteHeaders,
    place: Place,
    visions: readonly ListedFile[],
    path: string,
  ): Promise<Omit<RemoteModel, 'sized'> & { readonly path: string | undefined }> {
    const problems: string[] = [];
    for (const vision of visions.slice(0, MOST_VISIONS)) {
      const mmprojPath = await headers.fetch(place, vision, this.#closing.signal);
      const { description } = await this.#reader.describe({ path, mmprojPath });
      if (description.visionProblem === null) return { description, vision, notes: [], path: mmprojPath };
      problems.push(headers.renamed(description.visionProblem));
    }
    const { description } = await this.#reader.describe({ path, mmprojPath: null });
    const why = problems[0] ?? `${place.repository} has no vision file (mmproj)`;
    const notes = [`It will not see pictures: ${why}.`];
    return { description, vision: undefined, notes, path: undefined };
  }

  async #sizeUp(request: {
    readonly modelPath: string;
    readonly mmprojPath: string | undefined;
    readonly contextTokens: number;
  }): Promise<SizedModel> {
    const limit = AbortSignal.timeout(LIMIT_MILLISECONDS);
    try {
      const signal = AbortSignal.any([limit, this.#closing.signal]);
      return await this.#fits.sizeUp({ ...request, home: this.#home }, signal);
    } catch (error) {
      if (!isCancelled(error) || !limit.aborted) throw error;
      throw new SnugError('BROKEN_GGUF', `looking into ${request.modelPath} takes too long`, {
        advice: 'Choose another file or another repository.',
      });
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
  }
}

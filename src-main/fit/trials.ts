import { counted } from '../contract/counted.ts';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SnugError } from '../contract/errors.ts';
import { qualitySchema, type Divergence, type Quality } from '../contract/fit-report.ts';
import type { Addon } from '../engine/native-types.ts';
import { readKept } from '../files/json-file.ts';
import { readTextModel } from '../models/model-file.ts';
import { assemble } from '../luq/quantize/assemble.ts';
import { Bank, fillBank, imatrixKey } from '../luq/quantize/bank.ts';
import { sequencesFor, type Calibrated } from './calibration.ts';
import { calibrationLimits, type FitSettings } from './settings.ts';
import { discard, writeFileAtomically } from '../files/durable.ts';
import { compareWithSource } from '../luq/quality/held-out.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import { openModel } from '../models/open-model.ts';
import { fileTypeId } from '../luq/plan/rungs.ts';
import type { Source } from '../models/source.ts';
import type { Workspace } from './workspace.ts';
import { insist } from '../files/refused.ts';

/**
 * Measures what plans do to a model: puts each together in a file that is thrown away, and compares it with the source on the
 * held-out part. What was measured once is kept by what it depends on, so a run that was stopped goes on where it was.
 */

export interface TrialOptions {
  readonly addon: Addon;
  readonly source: Source;
  readonly settings: FitSettings;
  readonly calibrated: Calibrated;
  readonly workspace: Workspace;
  readonly signal?: AbortSignal | undefined;
}

/** What a trial gives a model: its tensors' types, and the vision encoder when it is not the source's own. */
export interface Trial {
  readonly types: ReadonlyMap<string, number>;
  readonly vision?: { readonly path: string; readonly name: string } | undefined;
}

/** Fewer positions than this say nothing that could be told from chance. */
export const LEAST_POSITIONS = 64;

export class Trials {
  readonly #options: TrialOptions;
  readonly #imatrixKey: string;
  readonly #recordedKey: string;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#imatrixKey = imatrixKey(insist(() => readFileSync(options.calibrated.imatrixPath)));
    const recorded = insist(() => readFileSync(options.calibrated.recordedSource));
    this.#recordedKey = createHash('sha256').update(recorded).digest('hex');
  }

  /**
   * The quality of the source with these types; `file` spares putting the model together where something else needs it too.
   * @throws SnugError TOO_FEW_TOKENS when the held-out part is too small to say
   */
  async measure(trial: Trial, file?: TrialFile): Promise<Quality> {
    const path = join(this.#options.workspace.folder, 'trials', `${this.key(trial)}.json`);
    const kept = readKept(path, qualitySchema);
    if (kept) return enough(kept);
    if (!file) {
      using own = this.open(trial);
      return await this.measure(trial, own);
    }
    const quality = enough(await this.#compare(trial, await file.path()));
    writeFileAtomically(path, JSON.stringify(quality));
    return quality;
  }

  /** Names a trial by everything that its model and its quality depend on. */
  key({ types, vision }: Trial): string {
    const parts = [this.#imatrixKey, this.#recordedKey, [...types].sort(), vision?.name ?? null];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
  }

  /** The trial's model as a file; one at a time, as all have the same place. */
  open({ types }: Trial): TrialFile {
    const { addon, source, settings, calibrated, workspace, signal } = this.#options;
    const { threads } = settings;
    const { gguf } = source.text;
    const unchanged = gguf.tensors.every(({ name, type }) => (types.get(name) ?? type) === type);
    if (unchanged) return new TrialFile(source.text.path, undefined);
    const step = { addon, source: gguf, types, threads, signal };
    const output = join(workspace.folder, 'trial.gguf');
    return new TrialFile(output, async () => {
      const bank = new Bank(workspace.bank, this.#imatrixKey);
      await fillBank({ ...step, imatrix: calibrated.imatrix, bank });
      await assemble({ ...step, bank, output, fileType: fileTypeId(settings.rungs.high), facts: [] });
    });
  }

  async #compare({ vision }: Trial, path: string): Promise<Quality> {
    const { addon, source, settings, calibrated, signal } = this.#options;
    const { threads } = settings;
    const text = readTextModel(path);
    using model = await openModel(addon, {
      path,
      mapped: staysMapped(text),
      mmprojPath: vision?.path ?? source.vision?.path,
      limits: calibrationLimits(source.limits),
      threads,
      signal,
    });
    const sequences = await sequencesFor(model, { ...source, text }, settings, true);
    return compareWithSource(model, calibrated.recordedSource, sequences, { addon, threads, signal });
  }
}

/** A model that is put together when its path is first asked for, and thrown away when disposed. */
export class TrialFile implements Disposable {
  readonly #path: string;
  readonly #make: (() => Promise<void>) | undefined;
  #made: Promise<void> | undefined;

  constructor(path: string, make: (() => Promise<void>) | undefined) {
    this.#path = path;
    this.#make = make;
  }

  async path(): Promise<string> {
    this.#made ??= this.#make?.();
    await this.#made;
    return this.#path;
  }

  [Symbol.dispose](): void {
    if (this.#made) discard(this.#path);
  }
}

/** @throws SnugError TOO_FEW_TOKENS when fewer positions were compared than say anything */
export function enough(quality: Quality): Quality {
  const positions = Math.max(quality.image?.tokens ?? 0, quality.text?.tokens ?? 0);
  if (positions >= LEAST_POSITIONS) return quality;
  throw new SnugError(
    'TOO_FEW_TOKENS',
    `the held-out part has ${counted(positions, 'position')} to compare at, and at least ${LEAST_POSITIONS} are needed`,
    { advice: 'Use a calibration set with more held-out pictures or texts.' },
  );
}

/** Mean divergence where the picture is seen; on text for a model that cannot see. Infinite where it is beyond measure. */
export function divergenceOf(quality: Quality): number {
  return (quality.image ?? quality.text)?.meanKld ?? Infinity;
}

/** What a person may ask of the quality: both hold about pictures and on text. */
export interface QualityLimits {
  /** nats */
  readonly maxKld?: number | undefined;
  /** share of positions, 0 to 1 */
  readonly minAgreement?: number | undefined;
}

export function measuredParts({ image, text }: Quality): Divergence[] {
  return [image, text].filter((part): part is Divergence => part !== null);
}

export function keepsQuality(quality: Quality, { maxKld, minAgreement }: QualityLimits): boolean {
  return measuredParts(quality).every(
    ({ meanKld, topAgreement }) =>
      (maxKld === undefined || (meanKld !== null && meanKld <= maxKld)) &&
      (minAgreement === undefined || topAgreement >= minAgreement),
  );
}

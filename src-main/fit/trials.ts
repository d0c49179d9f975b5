import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { qualitySchema, type Quality } from '../contract/fit-report.ts';
import type { OnProgress } from '../contract/progress.ts';
import { readKept } from '../files/json-file.ts';
import { readTextModel } from '../models/model-file.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import { assemble, type StoredBlocks } from '../luq/quantize/assemble.ts';
import { Bank, fillBank, imatrixKey } from '../luq/quantize/bank.ts';
import { sequencesFor, type Calibrated } from './calibration.ts';
import { calibrationLimits } from './kept-calibration.ts';
import type { FitContext } from './context.ts';
import { requireEnoughTokens } from './quality.ts';
import { discard, writeFileAtomically } from '../files/durable-files.ts';
import { compareWithSource } from '../luq/quality/held-out.ts';
import { staysMapped } from '../luq/plan/loaded-weights.ts';
import { openModel } from '../models/open-model.ts';
import { fileTypeId } from '../luq/plan/rungs.ts';
import { insist } from '../files/retry-refused.ts';

/**
 * Measures what plans do to a model: puts each together in a file that is thrown away, and compares it with the source on the
 * held-out part. What was measured once is kept by what it depends on, so a run that was stopped goes on where it was.
 */

/** What a trial gives a model: its tensors' types, and the vision encoder when it is not the source's own. */
export interface Trial {
  readonly types: ReadonlyMap<string, number>;
  readonly vision?: { readonly path: string; readonly name: string } | undefined;
  /** of some tensors weights that are not the source's, in the types given */
  readonly weights?: ReplacedWeights | undefined;
}

interface ReplacedWeights extends Required<StoredBlocks> {
  /** names them by everything that they depend on */
  readonly key: string;
}

/** The bank with weights of other making among its blocks. */
function withReplaced(bank: Bank, weights: ReplacedWeights | undefined): StoredBlocks {
  if (!weights) return bank;
  const holder = (tensor: GgufTensor) => (weights.replaces(tensor) ? weights : bank);
  return {
    path: (tensor, type) => holder(tensor).path(tensor, type),
    sha256: (tensor, type) => holder(tensor).sha256(tensor, type),
    drop: (tensor, type) => holder(tensor).drop(tensor, type),
    replaces: (tensor) => weights.replaces(tensor),
  };
}

/** Told how much of a trial is done, 0 to 1. */
export type OnShare = (share: number) => void;

/** Shares of a trial's time when its tensors are quantized, and when its file is written: guesses, for a line that moves. */
const QUANTIZED = 0.6;
const ASSEMBLED = 0.7;

/** A step's own progress as its part of the whole trial. */
function shareOf(onShare: OnShare | undefined, from: number, to: number): OnProgress | undefined {
  return (
    onShare &&
    (({ done, total }) => onShare(from + (to - from) * (total > 0 ? Math.min(1, done / total) : 0)))
  );
}

export class Trials {
  readonly #context: FitContext;
  readonly #calibrated: Calibrated;
  readonly #imatrixKey: string;
  readonly #recordedKey: string;

  constructor(context: FitContext, calibrated: Calibrated) {
    this.#context = context;
    this.#calibrated = calibrated;
    this.#imatrixKey = imatrixKey(insist(() => readFileSync(calibrated.imatrixPath)));
    const recorded = insist(() => readFileSync(calibrated.recordedSource));
    this.#recordedKey = createHash('sha256').update(recorded).digest('hex');
  }

  /**
   * The quality of the source with these types; `file` spares putting the model together where something else needs it too.
   * @throws SnugError TOO_FEW_TOKENS when the held-out part is too small to say
   */
  async measure(trial: Trial, file?: TrialFile, onShare?: OnShare): Promise<Quality> {
    const path = join(this.#context.workspace.folder, 'trials', `${this.key(trial)}.json`);
    const kept = readKept(path, qualitySchema);
    if (kept) return requireEnoughTokens(kept);
    if (!file) {
      using own = this.open(trial, onShare);
      return await this.measure(trial, own, onShare);
    }
    const quality = requireEnoughTokens(await this.#compare(trial, await file.path(), onShare));
    writeFileAtomically(path, JSON.stringify(quality));
    return quality;
  }

  /** Names a trial by everything that its model and its quality depend on. */
  key({ types, vision, weights }: Trial): string {
    const parts = [
      this.#imatrixKey,
      this.#recordedKey,
      [...types].sort(),
      vision?.name ?? null,
      // nothing more where all are the source's: what was measured before keeps its name
      ...(weights ? [weights.key] : []),
    ];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
  }

  /** The trial's model as a file; one at a time, as all have the same place. */
  open({ types, weights }: Trial, onShare?: OnShare): TrialFile {
    const { addon, source, request, workspace, signal } = this.#context;
    const { threads, rungs } = request;
    const { imatrix } = this.#calibrated;
    const { gguf } = source.text;
    const unchanged = !weights && gguf.tensors.every(({ name, type }) => (types.get(name) ?? type) === type);
    if (unchanged) return new TrialFile(source.text.path, undefined);
    const step = { addon, source: gguf, types, threads, signal };
    const output = join(workspace.folder, 'trial.gguf');
    return new TrialFile(output, async () => {
      const bank = new Bank(workspace.bank, this.#imatrixKey);
      const within = (from: number, to: number) => shareOf(onShare, from, to);
      const quantized = new Map(
        gguf.tensors
          .filter((tensor) => !weights?.replaces(tensor))
          .map(({ name, type }) => [name, types.get(name) ?? type]),
      );
      await fillBank({ ...step, types: quantized, imatrix, bank, onProgress: within(0, QUANTIZED) });
      await assemble({
        ...step,
        bank: withReplaced(bank, weights),
        output,
        fileType: fileTypeId(rungs.high),
        facts: [],
        onProgress: within(QUANTIZED, ASSEMBLED),
      });
    });
  }

  async #compare({ vision }: Trial, path: string, onShare: OnShare | undefined): Promise<Quality> {
    const { addon, source, request, signal } = this.#context;
    const { threads } = request;
    const text = readTextModel(path);
    using model = await openModel(addon, {
      path,
      mapped: staysMapped(text),
      mmprojPath: vision?.path ?? source.vision?.path,
      limits: calibrationLimits(request.imageLimits),
      threads,
      signal,
    });
    const sequences = await sequencesFor(model, { source: { ...source, text }, request }, true);
    const onProgress = shareOf(onShare, ASSEMBLED, 1);
    const options = { addon, threads, signal, onProgress };
    return compareWithSource(model, this.#calibrated.recordedSource, sequences, options);
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

import type { FitStart } from '../contract/fit-job.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import { outputPath } from '../fit/workspace.ts';
import type { ModelsFolder } from './folder.ts';
import type { Library } from './library.ts';
import type { StoredSettings } from './settings.ts';

/** What the process that fits is asked, put together from what a person chose, the library, the folder of the models and the settings. */
export class FitRequests {
  readonly #home: string;
  readonly #library: Pick<Library, 'usable'>;
  readonly #folder: Pick<ModelsFolder, 'current'>;
  readonly #settings: Pick<StoredSettings, 'current'>;

  constructor(parts: {
    home: string;
    library: Pick<Library, 'usable'>;
    folder: Pick<ModelsFolder, 'current'>;
    settings: Pick<StoredSettings, 'current'>;
  }) {
    this.#home = parts.home;
    this.#library = parts.library;
    this.#folder = parts.folder;
    this.#settings = parts.settings;
  }

  /** Throws as `usable` of the library does. */
  of(start: Omit<FitStart, 'budgetBytes'>): Omit<FitRequest, 'budgetBytes'> {
    const model = this.#library.usable(start.modelId);
    const { threads } = this.#settings.current;
    return {
      modelPath: model.path,
      home: this.#home,
      // two models of one name must not take each other's place; a refit replaces its own result
      output: outputPath(this.#folder.current, model, model.id.slice(0, 6)),
      contextTokens: start.contextTokens,
      mmprojPath: model.mmprojPath,
      imageMaxTokens: start.imageMaxTokens,
      visionType: start.visionType,
      calibrationFolder: start.calibrationFolder,
      threads: threads ?? undefined,
      compare: start.compare,
      ordering: start.ordering,
      plan: start.plan,
      trials: start.trials,
      minTokensPerSecond: start.minTokensPerSecond,
      minAgreement: start.minAgreement,
    };
  }
}

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { workFolder } from '../home.ts';
import { comparedSchema, type Compared, type CompareRequest } from '../contract/comparison.ts';
import type { MeasureRequest, OpenChatRequest } from '../contract/chat.ts';
import { kernelsWanted } from '../engine/kernels.ts';
import { startChatWorker } from '../engine/workers.ts';
import { answersPath, KeptAnswers } from '../evaluate/kept-answers.ts';
import { askWorker, runTask } from '../evaluate/run-task.ts';
import { firstQuestions, type Task, type TaskQuestion } from '../evaluate/tasks/task.ts';
import { TASKS } from '../evaluate/tasks/tasks.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
import type { FitContext } from '../fit/context.ts';
import { sampleQuestions } from '../fit/sample-questions.ts';
import type { Trial, TrialFile, Trials } from '../fit/trials.ts';
import { ownVersion } from '../root.ts';
import { contextFor } from '../models/image-limits.ts';
import { readKept } from '../files/json-file.ts';

/** What is measured of a row: beside its quality, how it runs and how it does at a task. Each is kept by what it depends on. */

export type RowMeasurements = Pick<Compared, 'quality' | 'running' | 'accuracy'>;

export interface RowOptions {
  readonly context: FitContext;
  /** whether each row runs in a process of its own to measure speed and memory */
  readonly running: boolean;
}

/** Answers of a benchmark that is asked with short ones are short; a broken model that does not end costs no more than this. */
const ANSWER_TOKENS = 48;
/** Answers to the sample questions while memory is measured. */
const SAMPLE_ANSWER_TOKENS = 16;
/** A question beside its picture and its answer. */
const QUESTION_TOKENS = 512;

export interface ComparedTask {
  readonly task: Task;
  readonly questions: readonly TaskQuestion[];
}

/** @throws SnugError BAD_ARGUMENT naming what is wrong with the data */
export function readComparedTask({ task }: CompareRequest): ComparedTask | undefined {
  const named = task && TASKS[task.name];
  if (!named) return undefined;
  const all = named.read(task.data, task.pictures);
  return { task: named, questions: task.limit === undefined ? all : firstQuestions(all, task.limit) };
}

export class RowMeasurer {
  readonly #options: RowOptions;
  readonly #task: ComparedTask | undefined;

  constructor(options: RowOptions, task: ComparedTask | undefined) {
    this.#options = options;
    this.#task = task;
  }

  /** `runs`: whether the trial is what people would run, and not only as good */
  async measure(trials: Trials, trial: Trial, runs = true): Promise<RowMeasurements> {
    using file = trials.open(trial);
    const key = trials.key(trial);
    return {
      quality: await trials.measure(trial, file),
      running: this.#options.running && runs ? await this.#running(file, trial, key) : null,
      accuracy: this.#task ? await this.#accuracy(this.#task, file, trial, key) : null,
    };
  }

  /** Speed and memory in a process of its own, on this machine. */
  async #running(file: TrialFile, trial: Trial, key: string): Promise<Compared['running']> {
    const { context } = this.#options;
    const { laptop, request, source, signal } = context;
    const { home, modelPath, threads, contextTokens, imageLimits } = request;
    const kernels = kernelsWanted();
    const { brand, variant } = laptop.cpu;
    const machine = [brand, variant, kernels, ownVersion()];
    const conditions = [key, ...machine, threads, contextTokens, imageLimits];
    const name = createHash('sha256').update(JSON.stringify(conditions)).digest('hex').slice(0, 24);
    const path = join(workFolder(home), 'compare', `${name}.json`);
    const kept = readKept(path, comparedSchema.shape.running.unwrap());
    if (kept) return kept;
    await using worker = startChatWorker();
    const measuring: MeasureRequest = {
      ...(await this.#opening(file, trial)),
      // the layouts that the predicted memory counts
      wide: kernels === 'own',
      questions: sampleQuestions(modelPath, source.vision !== undefined),
      maxTokens: SAMPLE_ANSWER_TOKENS,
    };
    const measured = await worker.measure(measuring, { signal });
    const { tokensPerSecond, promptTokensPerSecond, peakMemoryBytes } = measured;
    const running = { tokensPerSecond, promptTokensPerSecond, peakMemoryBytes };
    writeFileAtomically(path, JSON.stringify(running));
    return running;
  }

  async #accuracy(
    { task, questions }: ComparedTask,
    file: TrialFile,
    trial: Trial,
    key: string,
  ): Promise<number> {
    const { context } = this.#options;
    const { source, request, signal } = context;
    const { home, imageLimits: limits } = request;
    const path = answersPath(home, {
      // types and importance matrix say as much as the file's own hash would
      modelSha256: `${source.sha256} ${key}`,
      mmprojSha256: `${source.visionSha256 ?? ''} ${trial.vision?.name ?? ''}`,
      task: task.name,
      imageTokens: limits,
      maxTokens: ANSWER_TOKENS,
    });
    using kept = KeptAnswers.open(path);
    const { answers } = await runTask(questions, kept, {
      signal,
      withModel: async (work) => {
        await using worker = startChatWorker();
        const together = limits.maxTokens + QUESTION_TOKENS + ANSWER_TOKENS;
        const contextTokens = Math.max(together, contextFor(limits.maxTokens));
        const opening = { ...(await this.#opening(file, trial)), contextTokens, anyway: true };
        await worker.open(opening, { signal });
        await work(askWorker(worker, { maxTokens: ANSWER_TOKENS, signal }));
      },
    });
    return task.score(questions, answers).value;
  }

  async #opening(file: TrialFile, { vision }: Trial): Promise<OpenChatRequest> {
    const { request, source } = this.#options.context;
    return {
      modelPath: await file.path(),
      mmprojPath: vision?.path ?? source.vision?.path,
      contextTokens: request.contextTokens,
      threads: request.threads,
      imageMaxTokens: request.imageLimits.maxTokens,
    };
  }
}

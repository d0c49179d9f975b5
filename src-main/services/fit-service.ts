import { counted } from '../contract/counted.ts';
import { basename } from 'node:path';
import type { Measured } from '../contract/chat.ts';
import { SnugError } from '../contract/errors.ts';
import { measuredFit, type Answer, type FileReport, type FitReport } from '../contract/fit-report.ts';
import type { FitRequest } from '../contract/fit-request.ts';
import type { FitEvent, Fitted, PlanPreview, SizedModel, SizeRequest } from '../contract/workers/compress.ts';
import type { StartWorker } from '../engine/worker-port.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker, startCompressWorker } from '../engine/workers.ts';
import { readSidecar, writeSidecar } from '../models/sidecar.ts';
import { sampleQuestions } from '../fit/sample-questions.ts';

export interface FitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: FitEvent) => void) | undefined;
}

const ANSWER_TOKENS = 32;
/** A stage that was told to stop has so long to come to where it can be taken up again. */
const FIT_GRACE_MILLISECONDS = 15_000;
/** A source that needs more than this share of the free memory would answer from disk, at minutes per sentence. */
const SOURCE_MEMORY_SHARE = 0.8;

/** The main process's side of a fit: starts the processes that do the work and puts their results together. */
export class FitService {
  readonly #start: StartWorker | undefined;

  constructor(start?: StartWorker) {
    this.#start = start;
  }

  async preview(request: FitRequest, measure = false): Promise<PlanPreview> {
    await using worker = startCompressWorker(this.#start);
    return await worker.preview({ request, measure });
  }

  /** What a model would take, by its headers. */
  async sizeUp(request: SizeRequest, signal?: AbortSignal): Promise<SizedModel> {
    await using worker = startCompressWorker(this.#start);
    return await worker.sizeUp(request, { signal, grace: () => 0 });
  }

  /** Fits, then runs source, comparison and result in a process each to measure them and hear their answers. */
  async fit(request: FitRequest, options: FitOptions = {}): Promise<FitReport> {
    const fitted = await this.#compress(request, options);
    const outputPath = fitted.files.luq.path;
    if (outputPath === null) throw new SnugError('BUG', 'the fit has no output');
    keepSidecar(outputPath, request.modelPath, fitted);
    const { answers, files, seconds } = await this.#measure(request, fitted, options);
    const { mmproj: _mmproj, threads: _threads, ...report } = fitted;
    const check = judgeAnswers(fitted, answers);
    writeSidecar(outputPath, {
      ...readSidecar(outputPath),
      measured: measuredFit({ ...report, check, files }),
    });
    return { ...report, check, files, answers, timings: { ...fitted.timings, measure: seconds } };
  }

  async #compress(request: FitRequest, { signal, onEvent }: FitOptions): Promise<Fitted> {
    await using worker = startCompressWorker(this.#start);
    let loading = false;
    return await worker.fit(request, {
      signal,
      onEvent: (event) => {
        if (event.kind === 'progress') loading = event.progress.stage === 'load';
        onEvent?.(event);
      },
      // what is done lies on disk
      grace: () => (loading ? LOAD_GRACE_MILLISECONDS : FIT_GRACE_MILLISECONDS),
    });
  }

  async #measure(request: FitRequest, fitted: Fitted, { signal, onEvent }: FitOptions) {
    const started = performance.now();
    const questions = sampleQuestions(request.modelPath, fitted.mmproj.source !== null);
    const { source, q4km: allHigh, luq } = fitted.files;
    const steps = filesToMeasure(fitted);
    const measured: Partial<Record<keyof FitReport['files'], Measured>> = {};
    for (const [index, { key, file, modelPath, mmproj }] of steps.entries()) {
      const detail = basename(modelPath);
      onEvent?.({
        kind: 'progress',
        progress: { stage: 'measure', done: index, total: steps.length, unit: 'steps', detail },
      });
      await using worker = startChatWorker(this.#start);
      measured[key] = await worker.measure(
        {
          modelPath,
          mmprojPath: mmproj ?? undefined,
          wide: file.predictedMemory.wide,
          contextTokens: fitted.plan.contextTokens,
          threads: fitted.threads,
          imageMaxTokens: fitted.model.imageTokens?.max,
          questions,
          maxTokens: ANSWER_TOKENS,
        },
        { signal },
      );
    }
    onEvent?.({
      kind: 'progress',
      progress: { stage: 'measure', done: steps.length, total: steps.length, unit: 'steps' },
    });
    const answers = questions.map(({ question, picture }, i): Answer => ({
      question,
      picture: picture ?? null,
      source: measured.source?.answers[i] ?? null,
      q4km: measured.q4km?.answers[i] ?? null,
      luq: measured.luq?.answers[i] ?? '',
    }));
    const files = {
      source: withMeasured(source, measured.source),
      q4km: withMeasured(allHigh, measured.q4km),
      luq: withMeasured(luq, measured.luq),
    };
    return { answers, files, seconds: (performance.now() - started) / 1000 };
  }
}

/** Those that there are; the source only where it runs well within the memory that is free. */
function filesToMeasure({ files: { source, q4km, luq }, mmproj, profile }: Fitted) {
  const sourceRuns = source.predictedMemory.totalBytes < profile.memory.availableBytes * SOURCE_MEMORY_SHARE;
  return [
    { key: 'luq' as const, file: luq, modelPath: luq.path, mmproj: mmproj.luq },
    { key: 'q4km' as const, file: q4km, modelPath: q4km.path, mmproj: mmproj.luq },
    {
      key: 'source' as const,
      file: source,
      modelPath: sourceRuns ? source.path : null,
      mmproj: mmproj.source,
    },
  ].flatMap(({ modelPath, ...step }) => (modelPath === null ? [] : [{ ...step, modelPath }]));
}

function withMeasured(file: FileReport, measured: Measured | undefined): FileReport {
  if (!measured) return file;
  const { peakMemoryBytes, tokensPerSecond, promptTokensPerSecond } = measured;
  return { ...file, peakMemoryBytes, tokensPerSecond, promptTokensPerSecond };
}

/** The result's sidecar: its vision file, the questions its source came with, and where that came from. */
function keepSidecar(outputPath: string, modelPath: string, fitted: Fitted): void {
  const { samples, source } = readSidecar(modelPath);
  writeSidecar(outputPath, {
    ...(fitted.mmproj.luq === null ? {} : { mmproj: fitted.mmproj.luq }),
    ...(samples === undefined ? {} : { samples }),
    ...(source === undefined ? {} : { madeFrom: source }),
  });
}

/** Adds what the answers show: a model that only repeats itself or says nothing is broken, whatever its divergence. */
function judgeAnswers(fitted: Fitted, answers: readonly Answer[]): Fitted['check'] {
  const broken = answers.filter(
    ({ luq, source }) => isBrokenAnswer(luq) && (source === null || !isBrokenAnswer(source)),
  );
  if (broken.length * 2 <= answers.length) return fitted.check;
  const reason = `${broken.length} of ${counted(answers.length, 'answer')} ${broken.length === 1 ? 'is empty or repeats itself' : 'are empty or repeat themselves'}`;
  return { ...fitted.check, coherent: false, reasons: [...fitted.check.reasons, reason] };
}

/** Share of an answer that one piece, said over and over, takes up in a model that has lost the thread. */
const LOOPING_SHARE = 0.6;

/** Empty, or mostly one short piece over and over; a row of dots or dashes inside an answer is layout. */
export function isBrokenAnswer(answer: string): boolean {
  const text = answer.trim();
  if (text === '') return true;
  const loops = text.match(/(.{1,48}?)\1{5,}/gsu) ?? [];
  const looping = loops.reduce((sum, loop) => sum + loop.length, 0);
  return looping > text.length * LOOPING_SHARE;
}

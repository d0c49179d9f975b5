import type { AskedOnce } from '../contract/chat.ts';
import type { ComparedAnswer } from '../contract/conversation.ts';
import { toErrorData } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import { WorkerProcess, type StartWorker } from '../engine/worker-process.ts';
import type { UsableModel } from './library.ts';

/** Asks models the same one after the other, each alone in a fresh process, so that speed and memory are its own. */
export async function compareModels(
  models: readonly UsableModel[],
  question: { text: string; pictures: readonly string[]; threads: number; settings: Settings },
  entry: string,
  start?: StartWorker,
): Promise<ComparedAnswer[]> {
  const answers: ComparedAnswer[] = [];
  for (const model of models) answers.push(await askOne(model, question, entry, start));
  return answers;
}

async function askOne(
  model: UsableModel,
  { text, pictures, threads, settings }: Parameters<typeof compareModels>[1],
  entry: string,
  start: StartWorker | undefined,
): Promise<ComparedAnswer> {
  const named = { modelId: model.id, modelName: model.name };
  try {
    await using worker = new WorkerProcess(entry, start);
    const { answer, peakMemoryBytes } = await worker.call<AskedOnce>('askOnce', {
      modelPath: model.path,
      mmprojPath: model.mmprojPath,
      contextTokens: settings.contextTokens,
      threads,
      // greedy: two models are compared, not two draws
      question: { text, pictures, maxTokens: settings.maxTokens, temperature: 0, seed: 0 },
    });
    const { encodedImages: _, ...statistics } = answer.statistics;
    return { ...named, text: answer.text, error: null, statistics, peakMemoryBytes };
  } catch (error) {
    return { ...named, text: '', error: toErrorData(error), statistics: null, peakMemoryBytes: null };
  }
}

import { Option, type Command } from 'commander';
import type { OpenChatRequest } from '../contract/chat.ts';
import { isCancelled } from '../contract/errors.ts';
import { counted } from '../contract/counted.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker } from '../engine/workers.ts';
import { answersPath, KeptAnswers } from '../evaluate/kept-answers.ts';
import { askWorker, runTask, type TaskRun } from '../evaluate/run-task.ts';
import {
  firstQuestions,
  requireVision,
  type Task,
  type TaskQuestion,
  type TaskScore,
} from '../evaluate/tasks/task.ts';
import { TASKS } from '../evaluate/tasks/tasks.ts';
import { writeFileAtomically } from '../files/durable-files.ts';
import { modesAt } from '../files/private-files.ts';
import { sourceSha256 } from '../models/source.ts';
import { snugHome } from '../home.ts';
import { contextFor, imageLimits, type ImageLimits } from '../models/image-limits.ts';
import { checkPair, readVisionModel } from '../models/model-file.ts';
import { messages, output, paint } from '../doors/terminal/terminal-output.ts';
import { wholeNumber } from './arguments.ts';
import { chosenModel, chosenThreads } from './chosen-model.ts';
import { table } from './draw.ts';
import { givenFile, optionalFile } from './given-files.ts';
import { EXIT, ProgressDisplay, withInterrupt } from './terminal.ts';

export interface EvaluateFlags {
  readonly task: string;
  readonly data: string;
  readonly pictures?: string;
  readonly mmproj?: string;
  readonly limit?: number;
  readonly maxTokens: number;
  readonly imageTokens?: number;
  readonly threads?: number;
  readonly anyway?: boolean;
  readonly output?: string;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

/** Most benchmarks want a word; the few that want reasons are asked with more. */
const MAX_TOKENS = 128;
/** The context holds the largest picture, the longest answer and a question of so many tokens. */
const QUESTION_TOKENS = 2048;

export function addEvaluateOptions(command: Command): Command {
  const layouts = Object.values(TASKS).map(({ name, layout }) => `  ${name.padEnd(10)} ${layout}`);
  return command
    .addOption(new Option('--task <name>', 'the benchmark').choices(Object.keys(TASKS)).makeOptionMandatory())
    .requiredOption('--data <file>', 'its data, as its owners publish it (see below)')
    .option('--pictures <folder>', 'where its pictures are (default: where the data is)')
    .option('--mmproj <file>', 'the vision file (default: the one kept with the model)')
    .option('--limit <n>', 'ask only the first questions', wholeNumber(1))
    .option('--max-tokens <n>', 'answer length limit in tokens', wholeNumber(1), MAX_TOKENS)
    .option('--image-tokens <n>', 'most tokens a picture may take', wholeNumber(1))
    .option('--threads <n>', 'threads to compute with', wholeNumber(1))
    .option('--anyway', 'load the model also where the free memory is too small for it')
    .option('--output <file>', 'also write the score with every answer, as JSON')
    .option('--fresh', 'ask everything again, also what was answered before')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `\nThe data of each benchmark:\n${layouts.join('\n')}`);
}

/** `snug evaluate`: a benchmark's score for a model. */
export async function evaluateCommand(modelPath: string | undefined, flags: EvaluateFlags): Promise<number> {
  const { report, answers } = await evaluate(modelPath, flags);
  if (flags.output !== undefined) {
    const path = givenFile(flags.output);
    const content = `${JSON.stringify({ ...report, answers }, null, 2)}\n`;
    writeFileAtomically(path, content, modesAt(path, snugHome()));
  }
  if (flags.json) output.json(report);
  else output.lines(...describe(report));
  return EXIT.ok;
}

export interface EvaluationReport extends TaskScore {
  readonly task: string;
  readonly data: string;
  readonly model: { readonly name: string; readonly path: string; readonly sha256: string };
  /** null where nothing is shown and the model has none */
  readonly mmproj: { readonly path: string; readonly sha256: string } | null;
  /** questions that the score is over, and how many the data has */
  readonly questions: number;
  readonly questionsInData: number;
  readonly imageTokens: ImageLimits;
  readonly maxTokens: number;
  /** answers cut at `maxTokens` */
  readonly cutAnswers: number;
  /** the file where answers are kept, JSON Lines of {id, answer, …} */
  readonly answersFile: string;
  /** questions asked in this run, and what that took; the other answers were kept from earlier ones */
  readonly asked: number;
  readonly seconds: number;
  readonly tokensPerSecond: number | null;
}

interface Evaluated {
  readonly report: EvaluationReport;
  readonly answers: readonly { readonly id: string; readonly question: string; readonly answer: string }[];
}

async function evaluate(modelPath: string | undefined, flags: EvaluateFlags): Promise<Evaluated> {
  const task = TASKS[flags.task] as Task;
  const data = givenFile(flags.data);
  const all = task.read(data, optionalFile(flags.pictures));
  const questions = flags.limit === undefined ? all : firstQuestions(all, flags.limit);
  const model = evaluatedModel(modelPath, flags);
  requireVision(questions, model.mmprojPath, model.text.path, 'Give it its vision file (mmproj).');
  const { report, answers } = await withProgress(async (signal, display) => {
    const { home, text, mmprojPath, limits } = model;
    const hashing = { signal, onProgress: display.show.bind(display) };
    const modelSha256 = await sourceSha256(text.gguf, home, hashing);
    const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
    const mmproj = vision
      ? { path: vision.path, sha256: await sourceSha256(vision.gguf, home, hashing) }
      : null;
    const { maxTokens } = flags;
    const asking = { task: task.name, imageTokens: limits, maxTokens };
    const path = answersPath(home, { modelSha256, mmprojSha256: mmproj?.sha256 ?? '', ...asking });
    using kept = KeptAnswers.open(path, flags);
    const run = await askQuestions(questions, kept, model, flags, { signal, display });
    return {
      answers: run.answers,
      report: {
        task: task.name,
        ...task.score(questions, run.answers),
        data,
        model: { name: text.name, path: text.path, sha256: modelSha256 },
        mmproj,
        questions: questions.length,
        questionsInData: all.length,
        imageTokens: limits,
        maxTokens,
        cutAnswers: run.cut,
        answersFile: path,
        asked: run.asked,
        seconds: run.seconds,
        tokensPerSecond: run.tokensPerSecond,
      },
    };
  });
  const said = questions.map(({ id, prompt }) => ({ id, question: prompt, answer: answers.get(id) ?? '' }));
  return { report, answers: said };
}

type EvaluatedModel = ReturnType<typeof evaluatedModel>;

function evaluatedModel(modelPath: string | undefined, { mmproj, imageTokens }: EvaluateFlags) {
  const { text, mmprojPath } = chosenModel({ model: modelPath, mmproj, needsVision: true });
  const vision = mmprojPath === undefined ? undefined : readVisionModel(mmprojPath);
  if (vision) checkPair(text, vision);
  return { home: snugHome(), text, mmprojPath, limits: imageLimits(text, vision, imageTokens) };
}

function withProgress<T>(work: (signal: AbortSignal, display: ProgressDisplay) => Promise<T>): Promise<T> {
  const display = new ProgressDisplay();
  return withInterrupt((signal) => work(signal, display)).finally(() => display.finish());
}

async function askQuestions(
  questions: readonly TaskQuestion[],
  kept: KeptAnswers,
  { text, mmprojPath, limits }: EvaluatedModel,
  flags: EvaluateFlags,
  { signal, display }: { signal: AbortSignal; display: ProgressDisplay },
): Promise<TaskRun> {
  const { maxTokens } = flags;
  const request: OpenChatRequest = {
    modelPath: text.path,
    mmprojPath,
    contextTokens: Math.max(limits.maxTokens + QUESTION_TOKENS + maxTokens, contextFor(limits.maxTokens)),
    threads: await chosenThreads(flags.threads),
    imageMaxTokens: flags.imageTokens,
    anyway: flags.anyway,
  };
  let answered = 0;
  try {
    return await runTask(questions, kept, {
      signal,
      onProgress: (done, total) => {
        answered = done;
        display.show({ stage: 'ask', done, total, unit: 'questions' });
      },
      withModel: async (work) => {
        await using worker = startChatWorker();
        await worker.open(request, { signal, grace: () => LOAD_GRACE_MILLISECONDS });
        await work(askWorker(worker, { maxTokens, signal }));
      },
    });
  } catch (error) {
    if (isCancelled(error)) {
      display.finish();
      const goOn = flags.fresh ? ' Leave out --fresh to resume.' : '';
      messages.lines(
        `${answered} of ${counted(questions.length, 'question')} ${answered === 1 ? 'has its answer' : 'have their answers'}.${goOn}`,
      );
    }
    throw error;
  }
}

const COUNTS = new Set(['questions', 'answered']);

function describe(report: EvaluationReport): string[] {
  const { model, task, metric, value, max, questions, questionsInData } = report;
  const some =
    questions < questionsInData ? `, the first ${questions} of ${counted(questionsInData, 'question')}` : '';
  const details = Object.entries(report.details).map(([name, part]) => [
    name,
    COUNTS.has(name) ? String(part) : part.toFixed(2),
  ]);
  const cut =
    report.cutAnswers > 0
      ? [
          paint(
            'yellow',
            `Note: ${counted(report.cutAnswers, 'answer')} cut at --max-tokens ${report.maxTokens}`,
          ),
        ]
      : [];
  return [
    `${paint('bold', model.name)} on ${task}${some}`,
    `${metric}: ${paint('bold', value.toFixed(2))} of ${max}`,
    '',
    // without its header: the columns speak for themselves
    ...table(['', ''], details).slice(1),
    '',
    ...cut,
    paint('dim', askedLine(report)),
    paint('dim', `Answers are kept in ${report.answersFile}`),
  ];
}

function askedLine({ asked, questions, seconds, tokensPerSecond }: EvaluationReport): string {
  if (asked === 0) return 'every answer was kept from an earlier run';
  const before = questions - asked;
  const kept = before > 0 ? `, ${before} kept from an earlier run` : '';
  const speed = tokensPerSecond === null ? '' : `, answers at ${tokensPerSecond.toFixed(1)} tokens/s`;
  return `${counted(asked, 'question')} asked in ${seconds.toFixed(1)} s${speed}${kept}`;
}

import { Command, CommanderError } from 'commander';
import process from 'node:process';
import { addFitOptions, type FitFlags } from './cli/arguments.ts';
import { addChatOptions, chatCommand, type ChatFlags } from './cli/chat-command.ts';
import { addCompareOptions, compareCommand, type CompareFlags } from './cli/compare-command.ts';
import { demoCommand } from './cli/demo-command.ts';
import { addEvaluateOptions, evaluateCommand, type EvaluateFlags } from './cli/evaluate-command.ts';
import { exportCommand, type ExportFlags } from './cli/export-command.ts';
import { fitCommand } from './cli/fit-command.ts';
import { addGetOptions, getCommand, type GetFlags } from './cli/get-command.ts';
import { inspectCommand } from './cli/inspect-command.ts';
import { modelsCommand, removeModelCommand, verifyModelsCommand } from './cli/models-command.ts';
import { addImportCommands } from './cli/models-import-command.ts';
import { profileCommand } from './cli/profile-command.ts';
import { addServeModelOptions, serveModelCommand, type ServeModelFlags } from './cli/serve-model-command.ts';
import { chooseKernels, kernelsWanted, parseKernels } from './engine/kernels.ts';
import { EXIT, reportError } from './cli/terminal.ts';
import { commanderError } from './doors/terminal/commander.ts';
import { messages, output } from './doors/terminal/terminal-output.ts';
import { insistHomeIsFolder, protectHome } from './files/private-files.ts';
import { snugHome } from './home.ts';
import { ownVersion } from './root.ts';

// Door 2: the services in a terminal.

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 bad input, 3 no plan fits the budget, or no room for the model, 4 the model is incoherent, 130 stopped.
Set SNUG_HOME to keep models and work files somewhere else.`;

function emptyProgram(): Command {
  return (
    new Command('snug')
      .description(
        'Fits a vision-language model to the memory of this laptop, and chats with it about pictures.',
      )
      .version(`snug ${ownVersion()}`, '-V, --version', 'print the version')
      .option(
        '--kernels <which>',
        "what multiplies with the lowest types: own (Snug's), auto (Snug's as far as memory allows; default) or stock (llama.cpp's)",
        (which) => chooseKernels(parseKernels(which)),
      )
      .addHelpText('after', EXIT_CODES)
      // commander repeats arguments in what it says of them
      .configureOutput({
        writeOut: (text) => output.text(text.trimEnd()),
        writeErr: (text) => messages.text(text.trimEnd()),
        outputError: (text, write) => write(commanderError(text)),
      })
      .exitOverride()
      .hook('preAction', () => {
        const home = snugHome();
        insistHomeIsFolder(home);
        kernelsWanted();
        protectHome(home);
      })
  );
}

/** What only looks. */
function addLookingCommands(program: Command, finish: (code: number) => void): void {
  program
    .command('profile')
    .description('this laptop: CPU, memory, a memory budget, and how fast it multiplies weights')
    .option('--model <file>', 'probe at the matrix shapes of this model (default: those of Qwen2.5-VL-7B)')
    .option('--no-probe', 'leave out the speed probe')
    .option('--json', 'print one JSON object')
    .action(async (flags: { model?: string; probe: boolean; json?: boolean }) =>
      finish(await profileCommand(flags)),
    );
  program
    .command('inspect <file>')
    .description('what a GGUF file is, its tensor types by layer, and how Snug made it')
    .option('--mmproj <file>', 'its vision file (default: the one in the same folder that fits)')
    .option('--json', 'print one JSON object')
    .action((file: string, flags: { mmproj?: string; json?: boolean }) =>
      finish(inspectCommand(file, flags)),
    );
}

/** What takes a model out of Snug. */
function addLeavingCommands(program: Command, finish: (code: number) => void): void {
  program
    .command('export <model> <folder>')
    .description('put a fitted model, its vision file and how to run and remake them into a folder')
    .option('--mmproj <file>', 'its vision file (default: the one kept with the model)')
    .option('--replace', 'write over files of these names that are there')
    .option('--json', 'print one JSON object')
    .action(async (model: string, folder: string, flags: ExportFlags) =>
      finish(await exportCommand(model, folder, flags)),
    );
}

/** What lets other programs ask a model. */
function addServingCommand(program: Command, finish: (code: number) => void): void {
  addServeModelOptions(
    program
      .command('serve-model [model]')
      .description('an OpenAI-compatible endpoint for programs of this machine, for text and pictures'),
  ).action(async (model: string | undefined, flags: ServeModelFlags) =>
    finish(await serveModelCommand(model, flags)),
  );
}

/** What brings models in, and what is here. */
function addModelCommands(program: Command, finish: (code: number) => void): void {
  addGetOptions(
    program
      .command('get [model]')
      .description('download a model by its name or hub address; without one, what there is'),
  ).action(async (model: string | undefined, flags: GetFlags) => finish(await getCommand(model, flags)));
  const models = program
    .command('models')
    .description('the models of the library')
    .option('--json', 'print one JSON object')
    .action(async (flags: { json?: boolean }) => finish(await modelsCommand(flags)));
  models
    .command('verify [name]')
    .description('read its files whole, or those of all models, and say whether they hold what they should')
    .action(async (name: string | undefined) =>
      finish(await verifyModelsCommand(name, models.opts<{ json?: boolean }>())),
    );
  models
    .command('remove <name>')
    .description('take a model out of the library')
    .option('--delete-file', 'also delete its file')
    .action(async (name: string, flags: { deleteFile?: boolean }) =>
      finish(await removeModelCommand(name, { ...flags, ...models.opts<{ json?: boolean }>() })),
    );
  addImportCommands(models, finish);
}

function buildProgram(finish: (code: number) => void): Command {
  const program = emptyProgram();
  addLookingCommands(program, finish);
  addModelCommands(program, finish);
  addFitOptions(
    program
      .command('fit <model>')
      .description('compress a model (F16, BF16 or Q8_0 GGUF) until it fits a memory budget')
      .option('--mmproj <file>', 'its vision file (default: the one in the same folder that fits)')
      .option('--output <file>', 'where to write the result')
      .option('--compare', 'also write the model with every layer on the high rung, and measure both'),
  )
    .option('--json', 'print one JSON object')
    .action(async (model: string, flags: FitFlags) => finish(await fitCommand(model, flags)));
  addChatOptions(
    program.command('chat [question]').description('ask about pictures; without a question, a conversation'),
  ).action(async (question: string | undefined, flags: ChatFlags) =>
    finish(await chatCommand(question, flags)),
  );
  addEvaluateOptions(
    program.command('evaluate [model]').description("a model's score on a benchmark; a stopped run resumes"),
  ).action(async (model: string | undefined, flags: EvaluateFlags) =>
    finish(await evaluateCommand(model, flags)),
  );
  addCompareOptions(
    program
      .command('compare <model>')
      .description(
        'measure the plans of a model: uniform types, orders of layers, ladders, calibrations (slow; resumes where it stopped)',
      ),
  ).action(async (model: string, flags: CompareFlags) => finish(await compareCommand(model, flags)));
  addFitOptions(program.command('demo').description('the whole job on the embedded demo model'))
    .option('--json', 'print one JSON object')
    .action(async (flags: FitFlags) => finish(await demoCommand(flags)));
  addLeavingCommands(program, finish);
  addServingCommand(program, finish);
  return program;
}

// what nobody caught would be printed by Node as it is
process.on('uncaughtException', (error) => {
  process.exit(reportError(error, { json: process.argv.includes('--json') }));
});

try {
  await buildProgram((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  else process.exitCode = reportError(error, { json: process.argv.includes('--json') });
}

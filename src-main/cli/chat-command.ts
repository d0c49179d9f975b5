import type { Command } from 'commander';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { ChatEvent, OpenChatRequest, OpenedChat, ScaledPictures, SentAnswer } from '../contract/chat.ts';
import { DEFAULT_SETTINGS, MOST_TEMPERATURE } from '../contract/settings.ts';
import { isCancelled } from '../contract/errors.ts';
import { contextFor } from '../models/image-limits.ts';
import type { ChatWorker } from '../contract/workers/chat.ts';
import { LOAD_GRACE_MILLISECONDS, startChatWorker } from '../engine/workers.ts';
import { shorterContextNote } from '../chat/opening-notes.ts';
import { counted } from '../contract/counted.ts';
import { messages, output, paint } from '../doors/terminal/terminal-output.ts';
import { contextTokens, numberBetween, wholeNumber } from './arguments.ts';
import { CHAT_HELP, readChatLine, withoutBroken, type ChatLine } from './chat-lines.ts';
import { chosenModel, chosenThreads } from './chosen-model.ts';
import { givenPicture } from './given-files.ts';
import { EXIT, reportError, showNote, withInterrupt } from './terminal.ts';

export interface ChatFlags {
  readonly model?: string;
  readonly mmproj?: string;
  readonly image?: string[];
  readonly context: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly imageTokens?: number;
  readonly threads?: number;
  readonly anyway?: boolean;
  readonly json?: boolean;
}

export function addChatOptions(command: Command): Command {
  return command
    .option('--model <file>', 'model to talk to (default: the one fitted last, else the embedded demo model)')
    .option('--mmproj <file>', 'its vision file (default: the one kept with the model)')
    .option(
      '--image <file>',
      'a picture for the (first) question; may be given several times',
      (path: string, all: string[] = []) => [...all, path],
    )
    .option('--context <tokens>', 'context length', contextTokens, DEFAULT_SETTINGS.contextTokens)
    .option('--max-tokens <n>', 'answer length limit in tokens', wholeNumber(1), 512)
    .option(
      '--temperature <t>',
      '0 always takes the most likely token',
      numberBetween(0, MOST_TEMPERATURE),
      DEFAULT_SETTINGS.temperature,
    )
    .option('--seed <n>', 'seed of the sampling', wholeNumber(0), 0)
    .option(
      '--image-tokens <n>',
      'tokens a picture may take (default: its share of the context)',
      wholeNumber(1),
    )
    .option('--threads <n>', 'threads to compute with', wholeNumber(1))
    .option('--anyway', 'load the model also where the free memory is too small for it')
    .option('--json', 'print one JSON object');
}

/** `snug chat`: one question from the command line, or a conversation on a terminal. */
export async function chatCommand(question: string | undefined, flags: ChatFlags): Promise<number> {
  await using worker = startChatWorker();
  const chat = new TerminalChat(worker, flags);
  const opened = await withInterrupt(async (signal) => chat.open(await openRequest(flags), signal));
  showNote(shorterContextNote(flags.context, opened.contextTokens));
  const pictures = (flags.image ?? []).map(givenPicture);
  if (question !== undefined) {
    const answer = await chat.ask(question, pictures);
    if (flags.json) output.json({ model: opened, answer });
    return answer.reason === 'cancelled' ? EXIT.cancelled : EXIT.ok;
  }
  await converse(chat, opened, pictures);
  return EXIT.ok;
}

async function openRequest(flags: ChatFlags): Promise<OpenChatRequest> {
  const { text, mmprojPath } = chosenModel({ ...flags, needsVision: (flags.image ?? []).length > 0 });
  return {
    modelPath: text.path,
    mmprojPath,
    contextTokens: flags.context,
    threads: await chosenThreads(flags.threads),
    imageMaxTokens: flags.imageTokens,
    anyway: flags.anyway,
  };
}

class TerminalChat {
  readonly #worker: ChatWorker;
  readonly #flags: ChatFlags;

  constructor(worker: ChatWorker, flags: ChatFlags) {
    this.#worker = worker;
    this.#flags = flags;
  }

  async open(request: OpenChatRequest, signal: AbortSignal): Promise<OpenedChat> {
    const opened = await this.#worker.open(request, {
      signal,
      onEvent: (event) => event.kind === 'note' && showNote(event.text),
      grace: () => LOAD_GRACE_MILLISECONDS,
    });
    const note = clashNote(this.#flags.imageTokens, opened);
    if (note !== undefined) showNote(note);
    return opened;
  }

  /** What pictures will take as they are going to be sent, and with the most detail. */
  async scalePictures(
    text: string,
    pictures: readonly string[],
  ): Promise<{ sent: ScaledPictures; more: ScaledPictures }> {
    const { usual, more } = await this.#worker.scalePictures({ text, pictures });
    return { sent: this.#detail === 'more' ? more : usual, more };
  }

  /** Whoever says how many tokens a picture may take wants it to take them. */
  get #detail() {
    return this.#flags.imageTokens === undefined ? ('usual' as const) : ('more' as const);
  }

  /** Streams an answer to stdout; Ctrl-C stops it and keeps what was said. */
  async ask(text: string, pictures: readonly string[], stop?: AbortSignal): Promise<SentAnswer> {
    const { maxTokens, temperature, seed, json } = this.#flags;
    if (pictures.length > 0) await this.#tellPictures(text, pictures);
    const onEvent = (event: ChatEvent) => {
      if (event.kind === 'text' && !json) output.piece(event.text);
      if (event.kind === 'note') showNote(event.text);
    };
    const answer = await withInterrupt((signal) =>
      this.#worker.send(
        { text, pictures, detail: this.#detail, maxTokens, temperature, seed },
        { signal: stop ? AbortSignal.any([signal, stop]) : signal, onEvent },
      ),
    );
    if (!json) output.lines('');
    const { statistics, reason } = answer;
    const speed =
      statistics.answerSeconds > 0 ? (statistics.answerTokens / statistics.answerSeconds).toFixed(1) : '–';
    const ended = {
      end: '',
      length: ', cut at --max-tokens',
      context: ', the context is full',
      cancelled: ', stopped',
    }[reason];
    const used = statistics.promptTokens + statistics.answerTokens;
    messages.lines(
      paint(
        'dim',
        `${counted(statistics.answerTokens, 'token')}, ${speed}/s; ${used} of ${statistics.contextTokens} context tokens, ${statistics.reusedTokens} reused${ended}`,
      ),
    );
    return answer;
  }

  async #tellPictures(text: string, pictures: readonly string[]): Promise<void> {
    const { sent, more } = await this.scalePictures(text, pictures);
    for (const [i, path] of pictures.entries())
      messages.lines(paint('dim', `${path}: ${counted(sent.pictures[i]?.tokens ?? 0, 'token')}`));
    const most = (planned: ScaledPictures) => Math.max(...planned.pictures.map(({ tokens }) => tokens));
    if (most(more) > most(sent)) messages.lines(paint('dim', `More detail: --image-tokens ${most(more)}`));
  }
}

/** Says when a picture may not take as many tokens as were asked for. */
function clashNote(
  asked: number | undefined,
  { contextTokens, imageMaxTokens }: OpenedChat,
): string | undefined {
  if (asked === undefined || asked <= imageMaxTokens) return undefined;
  return `a context of ${contextTokens} tokens has room for a picture of at most ${imageMaxTokens}; --context ${contextFor(asked)} makes room for ${asked}`;
}

/** What is said of a line that asks the model nothing. */
function wordsFor(line: ChatLine): readonly string[] {
  switch (line.kind) {
    case 'help':
      return CHAT_HELP;
    case 'drop':
      return ['The next question has no pictures.'];
    case 'unknown':
      return [
        `There is no ${line.command}; /help lists what there is, and // asks the model a question that starts with /.`,
      ];
    default:
      return [];
  }
}

async function converse(chat: TerminalChat, opened: OpenedChat, firstPictures: string[]): Promise<void> {
  messages.lines(
    `${opened.name}. Ask something; /image FILE adds a picture to the next question, /help lists the rest, /quit ends.`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: '> ' });
  let pictures = firstPictures;
  let answering: AbortController | undefined;
  // on a terminal readline takes Ctrl-C for itself
  lines.on('SIGINT', () => (answering ? answering.abort() : lines.close()));
  // a pipe ends while its lines are still being answered; a closed interface throws when it is asked for more
  let ended = false;
  lines.on('close', () => (ended = true));
  lines.prompt();
  for await (const raw of lines) {
    const line = readChatLine(raw);
    if (line.kind === 'quit') break;
    try {
      messages.lines(...wordsFor(line));
      if (line.kind === 'drop') pictures = [];
      if (line.kind === 'pictures' || line.kind === 'question') {
        for (const path of line.paths.map(givenPicture)) {
          const { sent } = await chat.scalePictures('', [...pictures, path]);
          if (line.kind === 'pictures')
            messages.lines(`${path}: ${counted(sent.pictures.at(-1)?.tokens ?? 0, 'token')}`);
          pictures = [...pictures, path];
        }
      }
      if (line.kind === 'question') {
        answering = new AbortController();
        await chat.ask(line.text, pictures, answering.signal);
        pictures = [];
      }
    } catch (error) {
      // a bad picture or a full context ends neither the chat nor what was said
      if (isCancelled(error)) messages.lines('');
      else reportError(error, { json: false });
      const sound = withoutBroken(pictures, error);
      for (const path of pictures.filter((one) => !sound.includes(one)))
        messages.lines(`${path} is left out of the next question.`);
      pictures = sound;
    } finally {
      answering = undefined;
    }
    if (!ended) lines.prompt();
  }
  lines.close();
}

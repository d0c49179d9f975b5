import { Template } from '@huggingface/jinja';
import { metadataString, readGguf } from '../../src-main/gguf/gguf.ts';
import { CPU_ONLY, run, type Result } from './run.ts';

/** What llama-mtmd-cli answers about a model's files. */

const MARKER = '[the answer follows]';

export interface Asked {
  readonly model: string;
  readonly mmproj: string;
  readonly question: string;
  readonly picture?: string | undefined;
  /** most tokens of the answer */
  readonly tokens: number;
  /** how many tokens a picture may take, where the model's own limits are not wanted */
  readonly imageTokens?: { readonly min: number; readonly max: number };
}

/** The greedy answer; throws where the model's own chat template was not used. The picture stands before the question. */
export async function mtmdAnswer(asked: Asked): Promise<string> {
  const { model, mmproj, question, picture, tokens } = asked;
  // without --jinja the template is only guessed from a list, which loses a model's system line
  const { imageTokens: limits } = asked;
  const limited = limits
    ? ['--image-min-tokens', String(limits.min), '--image-max-tokens', String(limits.max)]
    : [];
  const files = ['-m', model, '--mmproj', mmproj, '--no-mmproj-offload'];
  const args = [
    ...files,
    '--temp',
    '0',
    '-c',
    '2048',
    '-v',
    ...limited,
    ...CPU_ONLY,
    '--jinja',
    '-n',
    String(tokens),
  ];
  const { stdout, stderr } = await (picture
    ? run('llama-mtmd-cli', [...args, '--image', picture, '-p', question], { env: ENV })
    : chat(args, question));
  const content = `${picture ? '<__media__>' : ''}${question}`;
  const messages = [{ role: 'user', content }];
  const rendered = templateOf(model).render({ messages, add_generation_prompt: true });
  if (!stderr.includes(`formatted_chat.prompt: ${rendered}\n`))
    throw new Error(`llama-mtmd-cli did not render the model's own chat template for: ${question}`);
  return answerIn(stdout, picture ? /\n*$/ : /\n*\n> /);
}

const ENV = { MTMD_TEST_RESPONSE_MARKER: MARKER };

/**
 * Without a picture there is only the chat mode. It repeats what it reads at once, in the middle of an answer, so nothing is written
 * before it asks for the next line; and it never ends at the end of its input.
 */
function chat(args: readonly string[], question: string): Promise<Result> {
  const lines = [question, '/quit'];
  let written = 0;
  return run('llama-mtmd-cli', args, {
    env: ENV,
    onOutput: (stdout, write) => {
      const promptsSeen = stdout.split('\n> ').length - 1;
      if (promptsSeen > written && written < lines.length) write(`${lines[written++]}\n`);
    },
  });
}

function templateOf(model: string): Template {
  const source = metadataString(readGguf(model), 'tokenizer.chat_template');
  if (!source) throw new Error(`${model} has no chat template`);
  return new Template(source);
}

/** The answer stands between the marker that llama-mtmd-cli prints for its own tests and the end that the mode has. */
function answerIn(stdout: string, end: RegExp): string {
  const start = stdout.lastIndexOf(MARKER);
  const text = start < 0 ? undefined : /^\n\n([^]*)$/.exec(stdout.slice(start + MARKER.length))?.[1];
  const length = text?.search(end) ?? -1;
  if (text === undefined || length < 0) throw new Error(`llama-mtmd-cli printed no answer:\n${stdout}`);
  return text.slice(0, length);
}

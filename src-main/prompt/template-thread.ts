import { parentPort, workerData } from 'node:worker_threads';
import { Interpreter, Template } from '@huggingface/jinja';
import { markSpelling } from './plain-text.ts';
import type { Rendered, TemplateData, ToRender } from './template-runner.ts';
import { renderTurns, TemplateStyle, TooLong, type RenderMessages } from './template-style.ts';

// The thread that renders a model's chat template. Files of models come from anywhere, and a template is a program: whoever started
// this thread ends it when it takes too long or too much memory. What V8 would answer with the end of the whole process, one text
// larger than all the memory allowed, is refused here before it is made.

const { source, mostCharacters } = workerData as TemplateData;

function limited(characters: number): void {
  if (characters > mostCharacters) throw new TooLong();
}

interface Evaluates {
  evaluate: (this: unknown, ...given: unknown[]) => { readonly value?: unknown };
}
const interpreter = (Interpreter as unknown as { readonly prototype: Evaluates }).prototype;
const { evaluate } = interpreter;
/* eslint-disable @typescript-eslint/unbound-method -- each is called with the `this` that it was called with */
const { join } = Array.prototype;
const { repeat, replaceAll } = String.prototype;
/* eslint-enable @typescript-eslint/unbound-method */

interpreter.evaluate = function (...given) {
  const result = evaluate.apply(this, given);
  if (typeof result.value === 'string') limited(result.value.length);
  return result;
};
Array.prototype.join = function (separator = ',') {
  let characters = separator.length * Math.max(0, this.length - 1);
  for (const item of this as unknown[]) if (typeof item === 'string') characters += item.length;
  limited(characters);
  return join.call(this, separator);
};
String.prototype.repeat = function (count) {
  limited(this.length * count);
  return repeat.call(this, count);
};
String.prototype.replaceAll = function (
  pattern,
  replacement: string | ((match: string, ...rest: unknown[]) => string),
) {
  let characters = 0;
  const counted = (match: string, ...rest: unknown[]) => {
    const text = typeof replacement === 'function' ? replacement(match, ...rest) : replacement;
    limited((characters += text.length));
    return text;
  };
  return replaceAll.call(this, pattern as string, counted);
};

const template = new Template(source);
let style: TemplateStyle | undefined;
parentPort?.on('message', (asked: ToRender) => {
  parentPort?.postMessage(render(asked));
});

function render({ turns, mediaMarker, variables }: ToRender): Rendered {
  const rendered = (given: Record<string, unknown>): RenderMessages => {
    return (messages) => {
      const text = withOrWithoutTools({ ...given, messages });
      limited(text.length);
      return text;
    };
  };
  try {
    style ??= new TemplateStyle(rendered({ ...variables, add_generation_prompt: true }));
    const plain = markSpelling;
    return { kind: 'text', text: renderTurns(rendered(variables), style, turns, { mediaMarker, plain }) };
  } catch (error) {
    if (error instanceof TooLong) return { kind: 'too long' };
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Some templates go through lists of tools and documents that other templates take for a wish to use them. */
function withOrWithoutTools(variables: Record<string, unknown>): string {
  try {
    return template.render(variables);
  } catch (error) {
    if (error instanceof TooLong || !/undefined|null/i.test(String(error))) throw error;
    try {
      return template.render({ ...variables, tools: [], documents: [] });
    } catch {
      throw error;
    }
  }
}

import type { FitFacts } from './fit-facts.ts';
import { TEMPERATURE, type PairNames } from './run-commands.ts';

/** How a chat is written, by what only such a template holds, in the language of Ollama's own templates. */
const FORMATS = [
  {
    marks: ['<|im_start|>', '<|im_end|>'],
    template:
      '{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ .Response }}<|im_end|>\n',
    stop: ['<|im_end|>'],
  },
  {
    marks: ['<start_of_turn>', '<end_of_turn>'],
    template:
      '{{ if or .System .Prompt }}<start_of_turn>user\n{{ if .System }}{{ .System }}\n\n{{ end }}{{ .Prompt }}<end_of_turn>\n{{ end }}<start_of_turn>model\n{{ .Response }}<end_of_turn>\n',
    stop: ['<end_of_turn>'],
  },
  {
    // as the publishers of LLaVA-1.5 have it
    marks: ["['role'].upper() + ': '", 'ASSISTANT:'],
    template:
      '{{ if .System }}{{ .System }} {{ end }}{{ if .Prompt }}USER: {{ .Prompt }} {{ end }}ASSISTANT: {{ .Response }} ',
    stop: ['USER:'],
  },
  {
    // Vicuna v1.1, for files of its kind that bring no template
    marks: ['USER: {{', 'ASSISTANT: {{'],
    template:
      '{{ if .System }}{{ .System }}\n\n{{ end }}{{ if .Prompt }}USER: {{ .Prompt }}\n{{ end }}ASSISTANT: {{ .Response }}</s>\n',
    stop: ['USER:'],
  },
] as const;

export interface Modelfile {
  readonly text: string;
  /** whether the chat's format is written in it; else Ollama has to know it by itself */
  readonly hasTemplate: boolean;
}

/**
 * A recipe for `ollama create` (https://docs.ollama.com/modelfile). A second FROM whose file is an mmproj becomes the model's projector
 * (server/create.go in Ollama).
 */
export function modelfileOf(
  { model, mmproj }: PairNames,
  facts: FitFacts,
  chatTemplate: string | undefined,
): Modelfile {
  const format = FORMATS.find(({ marks }) => marks.every((mark) => chatTemplate?.includes(mark)));
  const lines = [
    `FROM ./${model}`,
    ...(mmproj === null ? [] : [`FROM ./${mmproj}`]),
    ...(format ? [`TEMPLATE """${format.template}"""`] : []),
    `PARAMETER num_ctx ${facts['luq.context_tokens']}`,
    `PARAMETER temperature ${TEMPERATURE}`,
    ...(format?.stop ?? []).map((stop) => `PARAMETER stop "${stop}"`),
  ];
  return { text: `${lines.join('\n')}\n`, hasTemplate: format !== undefined };
}

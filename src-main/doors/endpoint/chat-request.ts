import { z } from 'zod';
import { MOST_TEMPERATURE } from '../../contract/settings.ts';
import type { ServedMessage, ServedQuestion } from '../../services/served-model.ts';
import { ApiError } from './api-error.ts';
import { pictureBytes } from './data-url.ts';

/**
 * What `POST /v1/chat/completions` takes of https://platform.openai.com/docs/api-reference/chat/create. What would change the answer and
 * is not done here is refused; what only describes the request (user, metadata, store, …) is ignored, as is what nobody knows.
 */

const MOST_STOPS = 16;
const LONGEST_STOP = 500;

const part = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({
    type: z.literal('image_url'),
    image_url: z.union([
      z.string().transform((url) => ({ url, detail: undefined })),
      z.looseObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).nullish() }),
    ]),
  }),
]);

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  // an assistant's is null where it only called tools
  content: z.union([z.string(), z.array(part)]).nullish(),
});
type Message = z.infer<typeof message>;

const requestSchema = z.looseObject({
  model: z.string().nullish(),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(MOST_TEMPERATURE).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z
    .union([z.string(), z.array(z.string())])
    .transform((stop) => (typeof stop === 'string' ? [stop] : stop))
    .pipe(z.array(z.string().min(1).max(LONGEST_STOP)).max(MOST_STOPS))
    .nullish(),
});

/** What is not done here, unless it is asked for in so few words that it changes nothing. */
const UNSUPPORTED: Readonly<Record<string, (value: unknown) => boolean>> = {
  tools: isEmptyList,
  functions: isEmptyList,
  tool_choice: (value) => value === 'none' || value === 'auto',
  function_call: (value) => value === 'none' || value === 'auto',
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  response_format: (value) => z.looseObject({ type: z.literal('text') }).safeParse(value).success,
  logit_bias: (value) => z.record(z.string(), z.never()).safeParse(value).success,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  modalities: (value) => z.tuple([z.literal('text')]).safeParse(value).success,
  audio: () => false,
  web_search_options: () => false,
  grammar: (value) => value === '',
  json_schema: () => false,
};

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

export interface ChatRequest {
  readonly question: ServedQuestion;
  readonly streams: boolean;
  /** a stream ends with what it took */
  readonly includesUsage: boolean;
}

/** @throws ApiError 400 for what is no such request, or asks for more than there is */
export function readChatRequest(body: unknown): ChatRequest {
  refuseUnsupported(body);
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) throw badRequest(parsed.error);
  const { messages, stream, stream_options: streaming, ...asked } = parsed.data;
  return {
    question: {
      ...conversationOf(messages),
      maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? undefined,
      temperature: asked.temperature ?? undefined,
      topP: asked.top_p ?? undefined,
      // OpenAI's may be negative or longer
      seed: typeof asked.seed === 'number' ? Math.abs(asked.seed) % 2 ** 31 : undefined,
      stop: asked.stop ?? [],
    },
    streams: stream ?? false,
    includesUsage: streaming?.include_usage ?? false,
  };
}

function refuseUnsupported(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  for (const [param, changesNothing] of Object.entries(UNSUPPORTED)) {
    const value: unknown = Object.hasOwn(body, param) ? (body as Record<string, unknown>)[param] : undefined;
    if (value === undefined || value === null || changesNothing(value)) continue;
    throw new ApiError(400, `Snug does not do ${param}; leave it out`, {
      code: 'unsupported_parameter',
      param,
    });
  }
}

function badRequest(error: z.ZodError): ApiError {
  const [issue] = error.issues;
  const param = issue?.path.map(String).join('.') ?? '';
  const message = `${param === '' ? 'the request' : param}: ${issue?.message ?? 'it is not valid'}`;
  return new ApiError(400, message, { code: 'invalid_value', param: param === '' ? null : param });
}

function conversationOf(
  all: readonly Message[],
): Pick<ServedQuestion, 'systemPrompt' | 'messages' | 'detail'> {
  if (all.at(-1)?.role !== 'user') {
    throw new ApiError(400, 'the last message has to be the user’s', {
      code: 'invalid_value',
      param: 'messages',
    });
  }
  const isSystem = ({ role }: Message) => role === 'system' || role === 'developer';
  const spoken = all.filter((one) => !isSystem(one));
  const parts = spoken.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  const isDetailed = parts.some((one) => one.type === 'image_url' && one.image_url.detail === 'high');
  return {
    // templates know one system prompt, at the beginning
    systemPrompt: all.filter(isSystem).map(textOf).join('\n\n'),
    messages: spoken.map(servedMessage),
    detail: isDetailed ? 'more' : 'usual',
  };
}

function servedMessage(one: Message): ServedMessage {
  const { role, content } = one;
  const addresses = Array.isArray(content)
    ? content.flatMap((piece) => (piece.type === 'image_url' ? [piece.image_url.url] : []))
    : [];
  if (role === 'assistant' && addresses.length > 0)
    throw new ApiError(400, 'only the user’s messages may have pictures', {
      code: 'invalid_value',
      param: 'messages',
    });
  return {
    role: role === 'assistant' ? role : 'user',
    text: textOf(one),
    pictures: addresses.map(pictureBytes),
  };
}

function textOf({ content }: Message): string {
  if (!Array.isArray(content)) return content ?? '';
  return content.flatMap((piece) => (piece.type === 'text' ? [piece.text] : [])).join('\n');
}

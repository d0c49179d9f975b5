import { withoutSystem, type Turn } from './turns.ts';

/**
 * How a chat template wants a conversation. Templates differ: in whether a message's content is a text or a list of parts, in what they
 * write for a picture, and in whether they know a system prompt. What one makes of some words that it is shown tells which it is.
 */

/** What a template writes is more than any context holds. */
export class TooLong extends Error {}

/** Renders messages with the template; throws where it refuses them. */
export type RenderMessages = (messages: readonly TemplateMessage[]) => string;

export interface TemplateMessage {
  readonly role: Turn['role'];
  readonly content: string | readonly TemplatePart[];
}

type TemplatePart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } };

type Content = 'text' | 'parts';

/** The part that stands for a picture, and what the template writes for it. */
interface PictureStyle {
  readonly part: TemplatePart;
  readonly spelling: string;
}

// no letters that a picture's token starts or ends with
const QUESTION = 'Ωquestion Ω';
const SYSTEM = 'Ωsystem Ω';
/** is to be read by nobody: a template that writes it writes lists as they are */
const UNREAD = 'Ωunread Ω';
const PICTURE_PARTS: readonly TemplatePart[] = [
  { type: 'image' },
  { type: 'image_url', image_url: { url: '' } },
];

/** What a template makes of words that it is shown, each found out when it is first asked for: a template may take long. */
export class TemplateStyle {
  readonly #render: RenderMessages;
  #typed: { readonly text: string | undefined } | undefined;
  #content: Content | undefined;
  #picture: { readonly style: PictureStyle | undefined } | undefined;
  #system: readonly Content[] | undefined;

  constructor(render: RenderMessages) {
    this.#render = render;
  }

  /** of messages without pictures */
  get content(): Content {
    return (this.#content ??=
      this.#shown([{ role: 'user', content: QUESTION }], QUESTION) === undefined &&
      this.#asTyped !== undefined
        ? 'parts'
        : 'text');
  }

  /** undefined where the template writes nothing of its own for a picture */
  get picture(): PictureStyle | undefined {
    return (this.#picture ??= { style: this.#findPicture() }).style;
  }

  /** Of the system prompt, in the order to be tried; none where the template knows no system. */
  get system(): readonly Content[] {
    const content = this.content === 'text' ? QUESTION : [unread(QUESTION)];
    return (this.#system ??= (['text', 'parts'] as const).filter((form) => {
      const prompt = form === 'text' ? SYSTEM : [unread(SYSTEM)];
      const messages = [
        { role: 'system', content: prompt },
        { role: 'user', content },
      ] as const;
      return this.#shown(messages, SYSTEM, QUESTION) !== undefined;
    }));
  }

  /** A question as a list of parts; undefined where the template doesn't read such lists. */
  get #asTyped(): string | undefined {
    const asked = [{ role: 'user', content: [unread(QUESTION)] }] as const;
    return (this.#typed ??= { text: this.#shown(asked, QUESTION) }).text;
  }

  /** What a second picture adds: a first one may change more, as where a template puts no system prompt beside pictures. */
  #findPicture(): PictureStyle | undefined {
    const without = this.#asTyped;
    if (without === undefined) return undefined;
    for (const part of PICTURE_PARTS) {
      const [one, two] = [[part], [part, part]].map((parts) =>
        this.#shown([{ role: 'user', content: [...parts, unread(QUESTION)] }], QUESTION),
      );
      const spelling = one === undefined || two === undefined ? '' : inserted(one, two);
      if (occurrences(one, spelling) === 1 && occurrences(without, spelling) === 0) return { part, spelling };
    }
    return undefined;
  }

  #shown(messages: readonly TemplateMessage[], ...words: readonly string[]): string | undefined {
    try {
      const text = this.#render(messages);
      return words.every((word) => text.includes(word)) && !text.includes(UNREAD) ? text : undefined;
    } catch (error) {
      // a few words made so much: it will be no other way with a conversation
      if (error instanceof TooLong) throw error;
      return undefined;
    }
  }
}

/**
 * The text of a conversation with one media marker for each picture. Throws what the template says where it refuses it in every way.
 */
export function renderTurns(
  render: RenderMessages,
  style: TemplateStyle,
  turns: readonly Turn[],
  options: { readonly mediaMarker: string; readonly plain: (text: string, spelling: string) => string },
): string {
  const pictures = turns.flatMap(({ parts }) => parts).filter(({ kind }) => kind === 'picture').length;
  let refused: Error | undefined;
  for (const way of ways(style, turns)) {
    try {
      const text = render(way.turns.map((turn) => toMessage(turn, way, options)));
      const { spelling } = way.picture ?? { spelling: options.mediaMarker };
      if (pictures === 0 || occurrences(text, spelling) === pictures)
        return pictures === 0 ? text : text.replaceAll(spelling, () => options.mediaMarker);
    } catch (error) {
      refused ??= error as Error;
    }
  }
  throw refused ?? new Error('it leaves the pictures out');
}

interface Way {
  readonly turns: readonly Turn[];
  readonly content: Content;
  readonly system: Content;
  /** undefined: the media marker stands in the text */
  readonly picture: PictureStyle | undefined;
}

/** Ways to hand a conversation over, the template's own first. */
function ways(style: TemplateStyle, turns: readonly Turn[]): Way[] {
  const { content } = style;
  const hasSystem = turns[0]?.role === 'system';
  const hasPictures = turns.some(({ parts }) => parts.some(({ kind }) => kind === 'picture'));
  const folded = { turns: withoutSystem(turns), system: content };
  const own = hasSystem ? style.system.map((form) => ({ turns, system: form })) : [];
  const prompts = [...own, folded];
  const picture = hasPictures ? style.picture : undefined;
  const seen = picture ? [picture, undefined] : [undefined];
  return seen.flatMap((one) => prompts.map((prompt) => ({ ...prompt, content, picture: one })));
}

function toMessage(
  { role, parts }: Turn,
  way: Way,
  { mediaMarker, plain }: { mediaMarker: string; plain: (text: string, spelling: string) => string },
): TemplateMessage {
  const spelling = way.picture?.spelling ?? mediaMarker;
  const typed = parts.map((part): TemplatePart => {
    if (part.kind === 'text') return { type: 'text', text: plain(part.text, spelling) };
    return way.picture?.part ?? { type: 'text', text: mediaMarker };
  });
  const hasPictures = parts.some(({ kind }) => kind === 'picture');
  const form = role === 'system' ? way.system : hasPictures && way.picture ? 'parts' : way.content;
  if (form === 'parts') return { role, content: typed };
  return { role, content: typed.map((part) => (part.type === 'text' ? part.text : mediaMarker)).join('') };
}

/** A text part with something in it that no template reads. */
function unread(text: string): TemplatePart {
  const part = { type: 'text', text, unread: UNREAD } as const;
  return part;
}

/** What one text has beyond another at one place, without white space around it. */
function inserted(without: string, within: string): string {
  let start = 0;
  while (start < without.length && without[start] === within[start]) start++;
  let end = 0;
  const most = Math.min(without.length, within.length) - start;
  while (end < most && without.at(-1 - end) === within.at(-1 - end)) end++;
  let added = within.slice(start, within.length - end);
  // "<image>" put before "<|end|>" looks like "image><" put after its first letter
  while (start > 0 && !/^\s*[<[(]/.test(added) && within[start - 1] === added.at(-1)) {
    start--;
    added = within[start] + added.slice(0, -1);
  }
  return added.trim();
}

function occurrences(text = '', part = ''): number {
  return part === '' ? 0 : text.split(part).length - 1;
}

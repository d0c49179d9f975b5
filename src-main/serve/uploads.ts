import type { IncomingMessage } from 'node:http';
import { pageSchema, type AddedPicture, type DocumentPages } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES, MOST_PICTURE_NAME } from '../contract/wire.ts';
import { readBody } from '../doors/http/body.ts';
import type { Services } from '../services/services.ts';

/** Pictures held in memory at once; a window drops sixteen. */
const MOST_AT_ONCE = 2;

/** Takes the pictures that windows send, a few at a time: the others wait on the sender's side. */
export class Uploads {
  readonly #services: Pick<Services, 'addPicture' | 'documentPages'>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(services: Pick<Services, 'addPicture' | 'documentPages'>) {
    this.#services = services;
  }

  /** Keeps a picture; a document's page is named in the address. */
  async take(request: IncomingMessage, { searchParams }: URL): Promise<AddedPicture> {
    const page = searchParams.has('page') ? pageOf(searchParams) : undefined;
    return this.#inTurn(request, searchParams, (bytes, name) => this.#services.addPicture(bytes, name, page));
  }

  /** Shows the pages of a document, from the one that the address names. */
  async pages(request: IncomingMessage, { searchParams }: URL): Promise<DocumentPages> {
    const first = pageOf(searchParams);
    return this.#inTurn(request, searchParams, (bytes, name) =>
      this.#services.documentPages(bytes, name, first),
    );
  }

  async #inTurn<Result>(
    request: IncomingMessage,
    searchParams: URLSearchParams,
    use: (bytes: Buffer, name: string) => Promise<Result>,
  ): Promise<Result> {
    const name = searchParams.get('name') ?? 'picture';
    if (name.length > MOST_PICTURE_NAME) {
      throw new SnugError('BAD_ARGUMENT', `the picture's name has more than ${MOST_PICTURE_NAME} letters`, {
        advice: 'Give the file a shorter name.',
      });
    }
    await this.#turn();
    try {
      return await use(await readBody(request, MOST_PICTURE_BYTES, tooLarge), name);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= MOST_AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }
}

function pageOf(searchParams: URLSearchParams): number {
  const page = pageSchema.safeParse(Number(searchParams.get('page')));
  if (!page.success) throw new SnugError('BAD_ARGUMENT', 'there is no such page');
  return page.data;
}

function tooLarge(): SnugError {
  return new SnugError('BAD_PICTURE', `the picture is larger than ${MOST_PICTURE_BYTES / 2 ** 20} MiB`, {
    advice: 'Scale it down first.',
  });
}

import type { IncomingMessage } from 'node:http';
import type { PictureView } from '../contract/conversation.ts';
import { SnugError } from '../contract/errors.ts';
import { MOST_PICTURE_BYTES, MOST_PICTURE_NAME } from '../contract/wire.ts';
import type { Services } from '../services/services.ts';

/** Pictures held in memory at once; a window drops sixteen. */
const MOST_AT_ONCE = 2;

/** Takes the pictures that windows send, a few at a time: the others wait on the sender's side. */
export class Uploads {
  readonly #services: Pick<Services, 'addPicture'>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(services: Pick<Services, 'addPicture'>) {
    this.#services = services;
  }

  async take(request: IncomingMessage, name: string): Promise<PictureView> {
    if (Number(request.headers['content-length'] ?? 0) > MOST_PICTURE_BYTES) throw tooLarge();
    if (name.length > MOST_PICTURE_NAME) {
      throw new SnugError('BAD_ARGUMENT', `the picture's name has more than ${MOST_PICTURE_NAME} letters`, {
        advice: 'Give the file a shorter name.',
      });
    }
    await this.#turn();
    try {
      return await this.#services.addPicture(await readBody(request), name);
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

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_PICTURE_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): SnugError {
  return new SnugError('BAD_PICTURE', 'the picture is larger than 64 MiB', {
    advice: 'Scale it down first.',
  });
}

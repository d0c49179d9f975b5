import sharp, { type Metadata, type Sharp } from 'sharp';
import type { PictureSize } from './picture-size.ts';
import { isAnimatedPng, isDecoded, pictureKind, type DecodedKind, type RefusedKind } from './picture-kind.ts';
import {
  COPY_AGAIN,
  SAVE_AGAIN,
  SUPPORTED,
  bad,
  damaged,
  tooLarge,
  tooMuchMemory,
} from './picture-errors.ts';
import { MOST_DECODING_BYTES, decodingBytes, type PictureFacts } from './picture-memory.ts';
import { decodeBmp, readBmpHeader } from './decoders/bmp.ts';
import { OutOfMemory, decodeHeic } from './decoders/heic.ts';
import { PasswordProtected, PdfDocument } from './decoders/pdf.ts';

/** A picture whose header was read and found usable. */
export interface OpenedPicture extends PictureSize {
  readonly name: string;
  readonly kind: DecodedKind;
  /** what the person should know: only the first frame is used, … */
  readonly notes: readonly string[];
  /** HEVC in HEIF, which needs a decoder of its own */
  readonly isHeic: boolean;
  /** it has frames or pages of which one is used */
  readonly isOneOfSeveral: boolean;
  /** Throws BAD_PICTURE where decoding would take too much memory. */
  checkMemory(resultPixels: number): void;
  /** The decoder, for what is to become `size` large. */
  decoder(size: PictureSize): Sharp;
}

/** sharp's own default limit (0x3FFF squared); more takes minutes even row by row. */
const MOST_PIXELS = 0x3fff * 0x3fff;
/** Longer strips shrink to nothing on their short side; llama.cpp's encoder refuses ratios near 200. */
const LARGEST_ASPECT_RATIO = 100;

const REFUSALS: Readonly<Record<RefusedKind, readonly [what: string, advice: string]>> = {
  svg: ['is an SVG drawing', 'Save it as PNG, or take a screenshot of it.'],
  raw: ['is a raw photograph', 'Save it as JPEG with the program that came with the camera.'],
  video: ['is a video', 'Stop it where it shows what you mean, and take a screenshot.'],
  jxl: ['is a JPEG XL picture', SAVE_AGAIN],
  jp2: ['is a JPEG 2000 picture', SAVE_AGAIN],
  ico: ['is an icon', 'Save it as PNG.'],
};

/** Reads a picture's header; `page` is of a document, the first is 1. */
export async function openPicture(bytes: Uint8Array, name: string, page?: number): Promise<OpenedPicture> {
  if (bytes.length === 0) throw bad(name, 'is empty', COPY_AGAIN);
  const kind = pictureKind(bytes);
  if (kind === undefined) throw bad(name, 'is not a picture that can be read', SUPPORTED);
  if (!isDecoded(kind)) throw bad(name, ...REFUSALS[kind]);
  const opened = await openKind({ bytes, name, kind, page });
  const { width, height } = opened;
  if (width * height > MOST_PIXELS) {
    throw bad(
      name,
      `has ${width}×${height} pixels, more than can be opened safely`,
      'Scale it down first; 4,000 pixels a side are plenty.',
    );
  }
  if (Math.max(width / height, height / width) > LARGEST_ASPECT_RATIO) {
    throw bad(
      name,
      `is ${width}×${height}: too long a strip to be understood`,
      'Crop it into several pictures.',
    );
  }
  return opened;
}

interface Source {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly kind: DecodedKind;
  readonly page: number | undefined;
}

function openKind(source: Source): OpenedPicture | Promise<OpenedPicture> {
  if (source.kind === 'pdf') return openPage(source);
  return source.kind === 'bmp' ? openBmp(source) : openWithSharp(source);
}

async function openWithSharp({ bytes, name, kind }: Source): Promise<OpenedPicture> {
  const metadata = await readMetadata(bytes, name);
  if (metadata.format !== kind) throw damaged(name, new Error(`a decoder for ${metadata.format} took it`));
  const isHeic = kind === 'heif' && metadata.compression !== 'av1';
  if (isHeic && metadata.compression !== 'hevc') {
    throw bad(name, 'is a HEIF picture in an encoding that cannot be opened', SAVE_AGAIN);
  }
  const parts = isAnimatedPng(bytes) ? 2 : (metadata.pages ?? 1);
  return {
    ...metadata.autoOrient,
    ...{ name, kind, notes: notesOf(name, kind, parts), isOneOfSeveral: parts > 1, isHeic },
    checkMemory: memoryCheck({ bytes, name, kind }, metadata, metadata.autoOrient),
    decoder: () => {
      const input = isHeic ? fromHeic(bytes, name) : bytes;
      return sharp(input, { limitInputPixels: MOST_PIXELS, failOn: 'error' }).autoOrient();
    },
  };
}

async function readMetadata(bytes: Uint8Array, name: string): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw damaged(name, error);
  }
}

function notesOf(name: string, kind: DecodedKind, parts: number): string[] {
  if (parts < 2) return [];
  if (kind === 'tiff') return [`${name} has ${parts} pages; only its first is used`];
  return kind === 'heif'
    ? [`${name} holds ${parts} pictures; only the first is used`]
    : [`${name} is animated; only its first frame is used`];
}

function fromHeic(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return decodeHeic(bytes, MOST_DECODING_BYTES);
  } catch (error) {
    throw error instanceof OutOfMemory ? tooMuchMemory(name) : damaged(name, error);
  }
}

function openBmp({ bytes, name, kind }: Source): OpenedPicture {
  try {
    const header = readBmpHeader(bytes);
    const { width, height, channels } = header;
    const facts = { width, height, channels, depth: 'uchar' } as const;
    return {
      ...{ name, kind, width, height, notes: [], isOneOfSeveral: false, isHeic: false },
      checkMemory: memoryCheck({ bytes, name, kind }, facts, facts),
      decoder: () => {
        const raw = { width, height, channels };
        return sharp(decodeBmp(bytes, header), { raw, limitInputPixels: MOST_PIXELS });
      },
    };
  } catch (error) {
    throw damaged(name, error);
  }
}

const POINTS_PER_INCH = 72;
/** small print stays legible */
const DOTS_PER_INCH = 200;
/** for pages as large as posters: more than an encoder sees */
const MOST_PAGE_PIXELS = 16e6;

async function openPage({ bytes, name, kind, page: asked }: Source): Promise<OpenedPicture> {
  const document = await openDocument(bytes, name);
  const { pages } = document;
  const page = asked ?? 1;
  if (page < 1 || page > pages) {
    throw bad(
      name,
      `has no page ${page}`,
      pages === 1 ? 'It has one page.' : `Choose one from 1 to ${pages}.`,
    );
  }
  const { width, height } = decodeOrRefuse(name, () => document.size(page - 1));
  const scale = Math.min(DOTS_PER_INCH / POINTS_PER_INCH, Math.sqrt(MOST_PAGE_PIXELS / (width * height)));
  const facts = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
    ...({ channels: 4, depth: 'uchar' } as const),
  };
  return {
    ...{ name, kind, width: facts.width, height: facts.height, isOneOfSeveral: true, isHeic: false },
    notes: pages === 1 || asked !== undefined ? [] : [`${name} has ${pages} pages; only its first is used`],
    checkMemory: memoryCheck({ bytes, name, kind }, facts, facts),
    decoder: (size) => {
      const { data, ...raw } = decodeOrRefuse(name, () => document.render(page - 1, size));
      return sharp(data, { raw: { ...raw, channels: 4 } });
    },
  };
}

/** A PDF document; throws BAD_PICTURE where it cannot be read. */
export async function openDocument(bytes: Uint8Array, name: string): Promise<PdfDocument> {
  let document: PdfDocument;
  try {
    document = await PdfDocument.open(bytes, MOST_DECODING_BYTES);
  } catch (error) {
    if (!(error instanceof PasswordProtected)) throw damaged(name, error);
    throw bad(name, 'is protected by a password', 'Open it in a PDF reader and print it to a new PDF file.');
  }
  if (document.pages === 0) throw damaged(name, new Error('it has no pages'));
  return document;
}

/** Refuses a picture whose decoder breaks off; one that runs into the end of its memory does so wherever it is. */
export function decodeOrRefuse<Result>(name: string, job: () => Result): Result {
  try {
    return job();
  } catch (error) {
    throw isOutOfMemory(error) ? tooMuchMemory(name) : damaged(name, error);
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && (error instanceof RangeError || error.name === 'RuntimeError');
}

function memoryCheck(
  { bytes, name, kind }: Omit<Source, 'page'>,
  facts: PictureFacts,
  { width, height }: PictureSize,
): (resultPixels: number) => void {
  return (resultPixels) => {
    const needed = decodingBytes(kind, bytes, facts, resultPixels);
    if (needed <= MOST_DECODING_BYTES) return;
    throw tooLarge(name, { width, height, needed, inPasses: facts.isProgressive ?? false });
  };
}

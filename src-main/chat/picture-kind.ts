/** Kinds of pictures by what their first bytes are, told before a decoder sees them. */

export type DecodedKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'heif';
/** what people take for pictures too, named when it is refused */
export type RefusedKind = 'tiff' | 'svg' | 'bmp' | 'pdf' | 'jxl' | 'jp2' | 'ico';

const DECODED: ReadonlySet<string> = new Set<DecodedKind>(['jpeg', 'png', 'webp', 'gif', 'heif']);

export function isDecoded(kind: string | undefined): kind is DecodedKind {
  return kind !== undefined && DECODED.has(kind);
}

/** Major brands of ISO/IEC 23008-12 and of AVIF. */
const HEIF_BRANDS = /^(avif|avis|mif1|msf1|heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/;
/** libvips, too, looks no further for where an SVG begins. */
const SVG_LOOK_BYTES = 1000;

const SIGNATURES: readonly (readonly [kind: DecodedKind | RefusedKind, signature: string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF8'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
  ['bmp', 'BM'],
  ['pdf', '%PDF-'],
  ['jxl', '\xff\x0a'],
  ['jxl', '\0\0\0\x0cJXL '],
  ['jp2', '\0\0\0\x0cjP  '],
  ['ico', '\0\0\x01\0'],
];

/** undefined for what is no picture of a known kind. */
export function pictureKind(bytes: Uint8Array): DecodedKind | RefusedKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SVG_LOOK_BYTES)).toString(
    'latin1',
  );
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  if (head.startsWith('ftyp', 4) && HEIF_BRANDS.test(head.slice(8, 12))) return 'heif';
  const known = SIGNATURES.find(([, signature]) => head.startsWith(signature))?.[0];
  return known ?? (/^\s*<[^]*<?svg[\s>]/i.test(head) ? 'svg' : undefined);
}

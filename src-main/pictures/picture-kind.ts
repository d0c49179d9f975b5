/** Kinds of pictures by what their first bytes are, told before a decoder sees them. */

export type DecodedKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'heif' | 'tiff' | 'bmp' | 'pdf';
/** what people take for pictures too, named when it is refused */
export type RefusedKind = 'svg' | 'raw' | 'video' | 'jxl' | 'jp2' | 'ico';

const DECODED: ReadonlySet<string> = new Set<DecodedKind>([
  ...(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff', 'bmp', 'pdf'] as const),
]);

export function isDecoded(kind: string | undefined): kind is DecodedKind {
  return kind !== undefined && DECODED.has(kind);
}

/** Major brands of ISO/IEC 23008-12 and of AVIF. */
const HEIF_BRANDS = /^(avif|avis|mif1|msf1|heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/;
/** libvips, too, looks no further for where an SVG begins; readers of PDF look so far for its signature. */
const LOOK_BYTES = 1024;

const SIGNATURES: readonly (readonly [kind: DecodedKind | RefusedKind, signature: string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF8'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
  ['bmp', 'BM'],
  ['jxl', '\xff\x0a'],
  ['jxl', '\0\0\0\x0cJXL '],
  ['jp2', '\0\0\0\x0cjP  '],
  ['ico', '\0\0\x01\0'],
];

/** undefined for what is no picture of a known kind. */
export function pictureKind(bytes: Uint8Array): DecodedKind | RefusedKind | undefined {
  const head = latin(bytes, LOOK_BYTES);
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  if (head.startsWith('ftyp', 4)) return HEIF_BRANDS.test(head.slice(8, 12)) ? 'heif' : 'video';
  const known = SIGNATURES.find(([, signature]) => head.startsWith(signature))?.[0];
  if (known === 'tiff') return isRawPhotograph(bytes) ? 'raw' : 'tiff';
  if (known) return known;
  if (head.includes('%PDF-')) return 'pdf';
  return /^\s*<[^]*<?svg[\s>]/i.test(head) ? 'svg' : undefined;
}

const NEW_SUBFILE_TYPE = 254;
const DNG_VERSION = 50706;
const REDUCED_RESOLUTION = 1;

/** Cameras' raw files are TIFF files whose first picture is a small preview: DNG, NEF, CR2, ARW. */
function isRawPhotograph(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = bytes[0] === 0x49;
  if (latin(bytes, 10).slice(8) === 'CR') return true;
  if (bytes.length < 8 || view.getUint16(2, little) !== 42) return false;
  const directory = view.getUint32(4, little);
  if (directory + 2 > bytes.length) return false;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries && directory + 14 + i * 12 <= bytes.length; i++) {
    const at = directory + 2 + i * 12;
    const tag = view.getUint16(at, little);
    if (tag === DNG_VERSION) return true;
    if (tag === NEW_SUBFILE_TYPE && view.getUint32(at + 8, little) & REDUCED_RESOLUTION) return true;
  }
  return false;
}

/** Whether a PNG has frames (APNG), which only browsers show. */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const control = content.indexOf('acTL', 8, 'latin1');
  return control >= 0 && control < content.indexOf('IDAT', 8, 'latin1');
}

function latin(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, length)).toString('latin1');
}

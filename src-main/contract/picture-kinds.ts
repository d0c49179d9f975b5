import { listed } from './listed.ts';

/** The kinds of pictures that open here: the one list behind dialogs, folders of pictures and words. */
interface PictureKind {
  readonly name: string;
  readonly extensions: readonly string[];
}

const KINDS: readonly PictureKind[] = [
  { name: 'JPEG', extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'] },
  { name: 'PNG', extensions: ['.png'] },
  { name: 'HEIC', extensions: ['.heic', '.heif', '.hif'] },
  { name: 'WebP', extensions: ['.webp'] },
  { name: 'GIF', extensions: ['.gif'] },
  { name: 'AVIF', extensions: ['.avif'] },
  { name: 'TIFF', extensions: ['.tif', '.tiff'] },
  { name: 'BMP', extensions: ['.bmp', '.dib'] },
];

export const PICTURE_EXTENSIONS: readonly string[] = KINDS.flatMap(({ extensions }) => extensions);
export const DOCUMENT_EXTENSIONS: readonly string[] = ['.pdf'];

export const SUPPORTED_PICTURES = `${listed(KINDS.map(({ name }) => name))} pictures and pages of PDF documents can be opened.`;

/**
 * For a file input: `image/*` brings up the photo library on phones and tablets, the extensions are what a system without a type for them
 * goes by.
 */
export const ACCEPTED_FILES = ['image/*', ...PICTURE_EXTENSIONS, ...DOCUMENT_EXTENSIONS].join(',');

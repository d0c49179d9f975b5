import { readSync } from 'node:fs';
import { SnugError } from '../contract/errors.ts';
import { formatBytes } from '../contract/bytes.ts';
import type { RegularFile } from '../files/regular-file.ts';
import { visibleLine } from '../text/visible-text.ts';
import { tensorTypeName } from './tensor-types.ts';

/** What files are that come under the name of a model and are no GGUF that Snug reads, told by how they begin. */

const LOOK_ELSEWHERE =
  'Snug reads models in the GGUF format; look for a download that ends in .gguf, often in a repository whose name ends in -GGUF.';
const CONVERT = `${LOOK_ELSEWHERE} llama.cpp’s convert_hf_to_gguf.py makes one from a folder of these files.`;
const UNPACK = 'Unpack it, and use the .gguf file in it.';

interface Foreign {
  readonly what: string;
  /** it may become a GGUF yet */
  readonly isUnfinished?: boolean;
  readonly advice?: string;
}

/** Formats by their first bytes, in hexadecimal. */
const SIGNATURES: readonly (readonly [RegExp, Foreign])[] = [
  [/^504b0304/, { what: 'a ZIP archive', advice: UNPACK }],
  [/^1f8b/, { what: 'a gzip archive', advice: UNPACK }],
  [/^377abcaf271c/, { what: 'a 7-Zip archive', advice: UNPACK }],
  [/^526172211a07/, { what: 'a RAR archive', advice: UNPACK }],
  [/^fd377a585a00/, { what: 'an xz archive', advice: UNPACK }],
  [/^28b52ffd/, { what: 'a zstd archive', advice: UNPACK }],
  [/^80(02|03|04|05)/, { what: 'a PyTorch checkpoint', advice: CONVERT }],
  [
    /^(6c6d6767|666d6767|746a6767|616c6767)/,
    { what: 'a model in GGML, the format that came before GGUF and that whisper.cpp uses' },
  ],
  [/^894844460d0a1a0a/, { what: 'an HDF5 file, as Keras writes it', advice: CONVERT }],
  [/^934e554d5059/, { what: 'a NumPy array' }],
  [/^.{8}54464c33/, { what: 'a TensorFlow Lite model' }],
  [/^(89504e47|ffd8ff|47494638|25504446)/, { what: 'a picture or document' }],
  // a llamafile is a program with a model inside
  [/^4d5a|^7f454c46/, { what: 'a program' }],
  [
    /^00051607/,
    {
      what: 'a note that macOS keeps beside a file',
      advice: 'Use the file without “._” at the start of its name.',
    },
  ],
];

/** Enough for a Git LFS pointer, and for the beginning of a page or an archive. */
const LOOKED_AT_BYTES = 4096;

/** The error for a file that does not begin as a GGUF does. */
export function notGguf(file: RegularFile, path: string): SnugError {
  const start = Buffer.alloc(Math.min(LOOKED_AT_BYTES, file.bytes));
  const read = readSync(file.fd, start, 0, start.length, 0);
  if (start.toString('latin1', 0, 4) === 'FUGG') return bigEndian(path);
  const found = foreign(start.subarray(0, read), file.bytes);
  const what =
    found === undefined
      ? 'not a GGUF file'
      : found.isUnfinished
        ? found.what
        : `not a GGUF file, but ${found.what}`;
  return new SnugError('NOT_GGUF', `${path} is ${what}`, { advice: found?.advice ?? LOOK_ELSEWHERE });
}

function foreign(start: Buffer, bytes: number): Foreign | undefined {
  if (bytes === 0)
    return {
      what: 'empty',
      isUnfinished: true,
      advice: 'Its download has not begun, or failed; download it again.',
    };
  if (start.every((byte) => byte === 0))
    return {
      what: 'not complete: it begins with zeros, where a download has not written yet',
      isUnfinished: true,
      advice: 'Wait for the download to end, or download it again.',
    };
  if (isWithheld(start))
    return {
      what: 'not complete: it is a download of Snug’s that has not ended, under another name',
      isUnfinished: true,
      advice: 'Give it back its name, which ends in .part, and go on with the download; or delete it.',
    };
  if (isSafetensors(start, bytes))
    return { what: 'a safetensors file: weights for PyTorch', advice: CONVERT };
  const hex = start.toString('hex');
  const known = SIGNATURES.find(([signature]) => signature.test(hex))?.[1];
  // PyTorch's own files are archives of one pickle and many tensors
  if (known?.what === 'a ZIP archive' && start.includes('data.pkl'))
    return { what: 'a PyTorch checkpoint', advice: CONVERT };
  if (known) return known;
  if (start.toString('latin1', 257, 262) === 'ustar') return { what: 'a tar archive', advice: UNPACK };
  return isText(start) ? text(start.toString('utf8'), bytes) : undefined;
}

/** Zeros in the place of GGUF's own bytes, and one of its versions. */
function isWithheld(start: Buffer): boolean {
  return start.length >= 8 && start.readUInt32LE(0) === 0 && [2, 3].includes(start.readUInt32LE(4));
}

/** A length of 8 bytes, and as much JSON (https://huggingface.co/docs/safetensors). */
function isSafetensors(start: Buffer, bytes: number): boolean {
  return start.length > 9 && start[8] === 0x7b && start.readBigUInt64LE(0) <= BigInt(bytes - 8);
}

/** UTF-8 without characters that only binary files have. */
function isText(start: Buffer): boolean {
  try {
    // the last character may be cut off
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
  } catch {
    return false;
  }
  return !start.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));
}

function text(words: string, bytes: number): Foreign {
  if (/^version https:\/\/git-lfs/.test(words)) {
    const size = Number(/^size (\d+)$/m.exec(words)?.[1]);
    const whole = Number.isSafeInteger(size) ? ` of ${formatBytes(size)}` : '';
    return {
      what: `a Git LFS pointer: a note of ${bytes} bytes in the place of a file${whole}`,
      advice: 'Run “git lfs pull” in its repository, or download the file itself from the repository’s page.',
    };
  }
  if (/^\s*(<!doctype html|<html|<\?xml|<head)/i.test(words))
    return {
      what: 'a web page that was saved under this name',
      advice: 'Open the page where the model is published, and use the download link beside the .gguf file.',
    };
  const beginning = visibleLine(words.trim().slice(0, 80));
  return {
    what: `a text; it begins with “${beginning}”`,
    advice:
      bytes < 1000 ? 'The download may have failed with this message; download it again.' : LOOK_ELSEWHERE,
  };
}

function unsupported(path: string, what: string, advice: string): SnugError {
  return new SnugError('UNSUPPORTED_MODEL', `${path} is ${what}`, { advice });
}

export function bigEndian(path: string): SnugError {
  return unsupported(
    path,
    'a GGUF for big-endian processors, which Snug cannot read',
    'Take the little-endian file of this model; repositories that have both say “be” in the name of the other.',
  );
}

export function otherVersion(path: string, version: number): SnugError {
  return version === 1
    ? unsupported(
        path,
        'a GGUF of version 1, which was written for some weeks of 2023; Snug reads versions 2 and 3',
        'Take a newer conversion of this model.',
      )
    : unsupported(
        path,
        `a GGUF of version ${version}, which is newer than this Snug; it reads versions 2 and 3`,
        'Update Snug, or take a conversion of this model in version 3.',
      );
}

/** ggml's own types end at 42; its fork ik_llama.cpp counts from 97 on. */
const FIRST_OF_FORKS = 97;

export function unsupportedTypes(path: string, tensor: string, type: number): SnugError {
  const name = tensorTypeName(type);
  const whose = type >= FIRST_OF_FORKS ? ', which only a fork of llama.cpp has' : '';
  return unsupported(
    path,
    `stored in a type that Snug cannot use: ${tensor} is ${name}${whose}`,
    'Take this model in another type: F16, BF16 or Q8_0 to fit it, or a K-quant such as Q4_K_M to chat with.',
  );
}

export function longTensorName(path: string, tensor: string): SnugError {
  return unsupported(
    path,
    `made for another program: ${visibleLine(tensor)} is a longer name than llama.cpp gives a tensor`,
    'Models that make pictures come in such files; Snug needs a language model.',
  );
}

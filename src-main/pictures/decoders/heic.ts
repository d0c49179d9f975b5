import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { TIFF_HEADER_BYTES, tiffDirectoryBytes, writeTiffAround, type PixelsInMemory } from './tiff-view.ts';
import { withMostMemory } from './wasm-memory.ts';

const require = createRequire(import.meta.url);

/**
 * What is used of libheif's C functions (libheif/heif.h), compiled to WebAssembly. Structures are returned to where the first argument
 * points.
 */
interface Libheif {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _heif_context_alloc(): number;
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    memory: number,
    bytes: number,
    options: number,
  ): void;
  _heif_context_get_primary_image_handle(error: number, context: number, handle: number): void;
  _heif_image_handle_has_alpha_channel(handle: number): number;
  _heif_image_handle_get_raw_color_profile_size(handle: number): number;
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, data: number): void;
  _heif_decoding_options_alloc(): number;
  _heif_decode_image(
    error: number,
    handle: number,
    image: number,
    colorspace: number,
    chroma: number,
    options: number,
  ): void;
  _heif_image_get_width(image: number, channel: number): number;
  _heif_image_get_height(image: number, channel: number): number;
  _heif_image_get_plane_readonly2(image: number, channel: number, stride: number): number;
}

/** heif_error: code, subcode, message */
const ERROR_BYTES = 12;
const MEMORY_ALLOCATION_ERROR = 6;
const COLORSPACE_RGB = 1;
const CHROMA_INTERLEAVED_RGB = 10;
const CHROMA_INTERLEAVED_RGBA = 11;
const CHANNEL_INTERLEAVED = 10;
/** of heif_decoding_options, behind its version, a flag, three callbacks and their data */
const CONVERT_HDR_TO_8BIT = 20;

/** The module ran out of the memory that it may take. */
export class OutOfMemory extends Error {}

/**
 * Decodes the main picture of a HEIC file with libheif: upright, 8 bits a channel. What comes back is a TIFF file in the module's own
 * memory, for libvips to go on with. Each picture has an instance to itself: what a broken one did to it, and its memory, are gone with it.
 */
export function decodeHeic(bytes: Uint8Array, mostBytes: number): Uint8Array<ArrayBuffer> {
  const lib = instantiate(mostBytes);
  // first, so that all else lies behind it
  const header = allocate(lib, TIFF_HEADER_BYTES);
  const error = allocate(lib, ERROR_BYTES);
  const pointer = allocate(lib, 4);
  const file = allocate(lib, bytes.length);
  lib.HEAPU8.set(bytes, file);
  const context = lib._heif_context_alloc();
  lib._heif_context_read_from_memory_without_copy(error, context, file, bytes.length, 0);
  check(lib, error);
  lib._heif_context_get_primary_image_handle(error, context, pointer);
  check(lib, error);
  const handle = at(lib, pointer);
  const alpha = lib._heif_image_handle_has_alpha_channel(handle) !== 0;
  const options = lib._heif_decoding_options_alloc();
  lib.HEAPU8[options + CONVERT_HDR_TO_8BIT] = 1;
  const chroma = alpha ? CHROMA_INTERLEAVED_RGBA : CHROMA_INTERLEAVED_RGB;
  lib._heif_decode_image(error, handle, pointer, COLORSPACE_RGB, chroma, options);
  check(lib, error);
  const image = at(lib, pointer);
  const plane = lib._heif_image_get_plane_readonly2(image, CHANNEL_INTERLEAVED, pointer);
  const profile = profileOf(lib, handle, error);
  const height = lib._heif_image_get_height(image, CHANNEL_INTERLEAVED);
  const directory = allocate(lib, tiffDirectoryBytes(height));
  const pixels: PixelsInMemory = {
    width: lib._heif_image_get_width(image, CHANNEL_INTERLEAVED),
    height,
    channels: alpha ? 4 : 3,
    at: plane - header,
    stride: at(lib, pointer),
    profile: profile && { ...profile, at: profile.at - header },
  };
  const { buffer } = lib.HEAPU8;
  writeTiffAround(new DataView(buffer, header), directory - header, pixels);
  return new Uint8Array(buffer, header);
}

function instantiate(mostBytes: number): Libheif {
  const make = require('libheif-js/libheif-wasm/libheif.js') as (options: object) => Libheif;
  const wasm = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  return make({ wasmBinary: withMostMemory(wasm, mostBytes) });
}

function profileOf(lib: Libheif, handle: number, error: number): { at: number; bytes: number } | undefined {
  const bytes = lib._heif_image_handle_get_raw_color_profile_size(handle);
  if (bytes === 0) return undefined;
  const data = allocate(lib, bytes);
  lib._heif_image_handle_get_raw_color_profile(error, handle, data);
  return at(lib, error) === 0 ? { at: data, bytes } : undefined;
}

function allocate(lib: Libheif, bytes: number): number {
  const address = lib._malloc(bytes);
  if (address === 0) throw new OutOfMemory();
  return address;
}

function at(lib: Libheif, address: number): number {
  return new DataView(lib.HEAPU8.buffer).getUint32(address, true);
}

function check(lib: Libheif, error: number): void {
  const code = at(lib, error);
  if (code === 0) return;
  const message = at(lib, error + 8);
  const words = Buffer.from(lib.HEAPU8.buffer, message, lib.HEAPU8.indexOf(0, message) - message).toString();
  throw code === MEMORY_ALLOCATION_ERROR ? new OutOfMemory(words) : new Error(words);
}

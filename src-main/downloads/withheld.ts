/**
 * How every GGUF file begins. Of one that is being downloaded these bytes come to the disk last, once all else is there and its hash is
 * right: whatever somebody calls a partial file, no program takes it for a model.
 */
const BEGINNING = Buffer.from('GGUF');
const WITHHELD = Buffer.alloc(BEGINNING.length);

/** What is written at a place of a partial file in the place of these bytes of it. */
export function withheld(position: number, bytes: Uint8Array): Uint8Array {
  // of less than all of it nobody knows what it will be
  if (position > 0 || !beginsWith(bytes, BEGINNING)) return bytes;
  const written = Buffer.from(bytes);
  WITHHELD.copy(written);
  return written;
}

/** Puts into the first bytes of a partial file what was withheld of them; false where nothing was. */
export function putBack(bytes: Uint8Array): boolean {
  if (!beginsWith(bytes, WITHHELD)) return false;
  bytes.set(BEGINNING);
  return true;
}

function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  return beginning.length <= bytes.length && beginning.every((byte, i) => bytes[i] === byte);
}

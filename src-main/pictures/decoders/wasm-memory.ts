const PAGE_BYTES = 2 ** 16;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * The same WebAssembly module, but with memory that grows to `mostBytes` and no further, whatever it decodes. Emscripten fixes two
 * gibibytes when it links; a module that runs into the limit hears that there is no memory left.
 */
export function withMostMemory(wasm: Uint8Array, mostBytes: number): Uint8Array<ArrayBuffer> {
  const limited = new Uint8Array(wasm);
  // behind the magic number and the version
  for (let at = 8; at < limited.length;) {
    const section = limited[at];
    const length = readNumber(limited, at + 1);
    if (section === MEMORY_SECTION) {
      const flags = readNumber(limited, readNumber(limited, length.end).end);
      const initial = readNumber(limited, flags.end);
      if ((flags.value & HAS_MAXIMUM) === 0) break;
      writeNumber(limited, initial.end, Math.max(initial.value, Math.floor(mostBytes / PAGE_BYTES)));
      return limited;
    }
    at = length.end + length.value;
  }
  throw new Error('this WebAssembly module has no memory with a limit of its own');
}

/** An unsigned LEB128 number. */
function readNumber(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, weight = 1; ; at++, weight *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * weight;
    if (byte < 128) return { value, end: at + 1 };
  }
}

/** In as many bytes as the number there has, so that nothing moves. */
function writeNumber(bytes: Uint8Array, start: number, value: number): void {
  const { end } = readNumber(bytes, start);
  if (value >= 128 ** (end - start)) throw new RangeError('the number has no room');
  let rest = value;
  for (let at = start; at < end; at++, rest = Math.floor(rest / 128)) {
    bytes[at] = (rest % 128) | (at < end - 1 ? 128 : 0);
  }
}

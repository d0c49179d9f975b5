import { readSync } from 'node:fs';
import { openRegularFile } from '../files/regular-file.ts';
import type { GgufTensor } from '../gguf/gguf.ts';
import type { VisionModel } from './model-file.ts';
import { tensorTypeName } from '../gguf/tensor-types.ts';

/**
 * Whether two vision files are one encoder stored in two types, as repositories publish it (mmproj-F16, mmproj-BF16, …). Their shapes
 * alone do not tell: a fine-tune of a model has an encoder of the same shapes, so some of every tensor's values are compared.
 */

/** Values looked at at the start of each tensor: one block of Q8_0. */
const COMPARED = 32;

interface Stored {
  readonly bytes: number;
  /** what a stored value may differ by from the one it was made from */
  readonly error: (value: number, largest: number) => number;
  readonly read: (view: DataView) => number[];
}

const values = (read: (index: number) => number) => Array.from({ length: COMPARED }, (_, i) => read(i));

/** BF16 is the upper half of F32. */
function fromBrain(view: DataView, at: number): number {
  const whole = new DataView(new ArrayBuffer(4));
  whole.setUint32(0, view.getUint16(at, true) << 16);
  return whole.getFloat32(0);
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The types that encoders are published in, with what rounding to each may change. */
const STORED: Readonly<Record<string, Stored>> = {
  F32: {
    bytes: 4 * COMPARED,
    error: () => 0,
    read: (view) => values((i) => view.getFloat32(4 * i, true)),
  },
  F16: {
    bytes: 2 * COMPARED,
    error: (value) => Math.max(Math.abs(value) * 2 ** -11, 2 ** -25),
    read: (view) => values((i) => fromHalf(view.getUint16(2 * i, true))),
  },
  BF16: {
    bytes: 2 * COMPARED,
    error: (value) => Math.abs(value) * 2 ** -8,
    read: (view) => values((i) => fromBrain(view, 2 * i)),
  },
  Q8_0: {
    bytes: 2 + COMPARED,
    // half a step of 127, and as much of the largest as its scale was rounded by
    error: (_, largest) => largest * (0.5 / 127 + 2 ** -11),
    read: (view) => {
      const scale = fromHalf(view.getUint16(0, true));
      return values((i) => scale * view.getInt8(2 + i));
    },
  },
};

/** Reads both files; one that can't be read throws. */
export function isSameEncoder(one: VisionModel, other: VisionModel): boolean {
  const others = new Map(other.gguf.tensors.map((tensor) => [tensor.name, tensor]));
  const pairs = one.gguf.tensors.map((tensor) => [tensor, others.get(tensor.name)] as const);
  const sameShapes =
    one.projector === other.projector &&
    one.gguf.tensors.length === others.size &&
    pairs.every(([a, b]) => b !== undefined && a.shape.join() === b.shape.join());
  if (!sameShapes) return false;
  using a = openRegularFile(one.path);
  using b = openRegularFile(other.path);
  return pairs.every(([tensor, twin]) => twin && areAlike(valuesOf(tensor, a.fd), valuesOf(twin, b.fd)));
}

interface Values {
  readonly all: readonly number[];
  readonly stored: Stored;
}

/** undefined for a type that nothing is known of, and for a few values that are no whole block. */
function valuesOf(tensor: GgufTensor, fd: number): Values | undefined {
  const stored = STORED[tensorTypeName(tensor.type)];
  if (!stored || tensor.elements < COMPARED) return undefined;
  const bytes = new Uint8Array(stored.bytes);
  readSync(fd, bytes, 0, bytes.length, tensor.offset);
  return { all: stored.read(new DataView(bytes.buffer)), stored };
}

function areAlike(a: Values | undefined, b: Values | undefined): boolean {
  if (!a || !b) return true;
  const largest = Math.max(...a.all.map(Math.abs), ...b.all.map(Math.abs));
  return a.all.every((value, i) => {
    const twin = b.all[i] ?? 0;
    // both were rounded from the same value, which is a little larger than what either says
    const allowed = 1.01 * (a.stored.error(value, largest) + b.stored.error(twin, largest));
    return Object.is(value, twin) || Math.abs(value - twin) <= allowed;
  });
}

/**
 * Most precise first. F16 comes before BF16: it keeps three more bits of each weight, every weight of an encoder lies in its range, and
 * processors without BF16 compute it faster.
 */
const PRECISION = ['F32', 'F16', 'BF16', 'Q8_0'];

export function byPrecision(one: VisionModel, other: VisionModel): number {
  const rank = ({ weightType }: VisionModel) => {
    const found = PRECISION.indexOf(weightType);
    return found < 0 ? PRECISION.length : found;
  };
  // of two in the same type the shorter name: the other says "(1)" or "copy"
  return (
    rank(one) - rank(other) ||
    bitsPerWeight(other) - bitsPerWeight(one) ||
    one.path.length - other.path.length ||
    one.path.localeCompare(other.path, 'en')
  );
}

function bitsPerWeight({ gguf, parameters }: VisionModel): number {
  return gguf.tensors.reduce((sum, { bytes }) => sum + bytes, 0) / parameters;
}

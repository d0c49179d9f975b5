import { z } from 'zod';

/** Bytes as they are: their number may be large, and there is nothing to look at in them. */
export const binarySchema = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');

import { z } from 'zod';

/** Where programs of this machine find the model unless another port is asked for. */
export const DEFAULT_SERVING_PORT = 8642;
export const MOST_PORT = 65_535;

/** A model that other programs of this machine may ask. */
export interface ServingState {
  /** what a program is told as its base URL */
  readonly address: string;
  /** what it has to show; made anew each time, and written down nowhere */
  readonly key: string;
  /** what it calls the model */
  readonly modelName: string;
  readonly modelId: string;
  /** requests that are being answered, and those that wait for their turn */
  readonly running: number;
  readonly waiting: number;
}

/** An OpenAI-compatible endpoint for other programs of this machine. */
export interface ServingService {
  /** Begins to serve a model, in the place of another; without a port at the usual one. Throws BUSY where the port is taken. */
  start(argument: { modelId: string; port?: number | undefined }): Promise<ServingState>;
  /** Ends it, with the answers that run. */
  stop(argument: Record<string, never>): Promise<void>;
  /** null when none is served; `serving.changed` tells when it is another. */
  state(argument: Record<string, never>): Promise<ServingState | null>;
}

export const servingArguments = {
  start: z.strictObject({
    modelId: z.string().min(1).max(64),
    port: z.int().min(0).max(MOST_PORT).optional(),
  }),
  stop: z.strictObject({}),
  state: z.strictObject({}),
};

import type { z } from 'zod';
import type { ReadOnly } from '../read-only.ts';

/**
 * What a method of a worker process is asked, what it answers and what it tells on the way. A worker checks the arguments it gets, a
 * caller the results and events; what does not fit is a bug of ours.
 */
export interface MethodContract<
  Argument extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
  Event extends z.ZodType = z.ZodType,
> {
  readonly argument: Argument;
  readonly result: Result;
  /** what it tells before its result; nothing when absent */
  readonly event?: Event;
  /** The files that a call works with, to tell what became of them where its process dies. */
  reads?(argument: ReadOnly<z.input<Argument>>): readonly (string | undefined)[];
  /** The model that a call loads. The log is told its kind and size once it is loaded, and never its name. */
  loads?(argument: ReadOnly<z.input<Argument>>): string;
}

type MethodContracts = Readonly<Record<string, MethodContract>>;

/** Everything a worker may be asked, under the name by which messages call it. */
export interface WorkerContract<Methods extends MethodContracts = MethodContracts> {
  readonly name: string;
  readonly methods: Methods;
}

export function defineMethod<
  Argument extends z.ZodType,
  Result extends z.ZodType,
  Event extends z.ZodType = z.ZodNever,
>(method: MethodContract<Argument, Result, Event>): MethodContract<Argument, Result, NoInfer<Event>> {
  return method;
}

export function defineWorker<Methods extends MethodContracts>(
  name: string,
  methods: Methods,
): WorkerContract<Methods> {
  return { name, methods };
}

/** The method of that name, which may come from anywhere. */
export function methodOf({ methods }: WorkerContract, name: string): MethodContract | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

/** Options of a call. Aborting the signal asks the method to stop. */
export interface CallOptions<Event> {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** once aborted, a call that goes on is ended with its process after so many milliseconds, as told at the time of the abort */
  readonly grace?: (() => number) | undefined;
}

/** What a method has beside its argument. */
export interface CallContext<Event> {
  readonly signal: AbortSignal;
  readonly emit: (event: Event) => void;
}

type ArgumentOf<Method extends MethodContract> = ReadOnly<z.input<Method['argument']>>;

/** A method as its caller has it; one that is asked nothing needs no argument. */
type Asked<Method extends MethodContract> = [ArgumentOf<Method>] extends [undefined]
  ? (
      argument?: undefined,
      options?: CallOptions<ReadOnly<z.output<NonNullable<Method['event']>>>>,
    ) => Promise<ReadOnly<z.output<Method['result']>>>
  : (
      argument: ArgumentOf<Method>,
      options?: CallOptions<ReadOnly<z.output<NonNullable<Method['event']>>>>,
    ) => Promise<ReadOnly<z.output<Method['result']>>>;

/** A method as its worker does it; what it throws becomes the call's error. */
type Served<Method extends MethodContract> = (
  argument: ReadOnly<z.output<Method['argument']>>,
  context: CallContext<ReadOnly<z.input<NonNullable<Method['event']>>>>,
) => ReadOnly<z.input<Method['result']>> | Promise<ReadOnly<z.input<Method['result']>>>;

type AskedMethods<Methods extends MethodContracts> = {
  readonly [Name in keyof Methods]: Asked<Methods[Name]>;
};
type ServedMethods<Methods extends MethodContracts> = {
  readonly [Name in keyof Methods]: Served<Methods[Name]>;
};

/** A process that was started: when it dies, its calls are rejected with what happened. */
export interface RunningWorker extends AsyncDisposable {
  /** whether it can take no more calls: it died, or was closed */
  readonly isOver: boolean;
  /** Ends it, with the calls that run. */
  close(): Promise<void>;
}

/** A worker as its callers have it. */
export type WorkerClient<Contract extends WorkerContract> = AskedMethods<Contract['methods']> & RunningWorker;

/** What a worker process has to be able to do. */
export type WorkerServer<Contract extends WorkerContract> = ServedMethods<Contract['methods']>;

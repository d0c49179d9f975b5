import { z } from 'zod';
import { apiArguments, type Api } from '../contract/api.ts';
import { SnugError, toErrorData } from '../contract/errors.ts';
import { callSchema, type Reply } from '../contract/wire.ts';

const numberSchema = callSchema.pick({ id: true }).strip();

/** Rejects a call, whose argument has been checked, that may not be made; `name` is service.method. */
export type CallGuard = (name: string, argument: unknown) => Promise<void>;

type Method = (argument: unknown) => Promise<unknown>;

/** Runs calls of a window against the services: nothing runs before its name and its argument are checked. */
export class Dispatcher {
  readonly #api: Api;
  readonly #guard: CallGuard | undefined;

  constructor(api: Api, guard?: CallGuard) {
    this.#api = api;
    this.#guard = guard;
  }

  /** Never throws; undefined when not even the call's number can be read, so that there is nothing to answer. */
  async run(message: unknown): Promise<Reply | undefined> {
    const call = callSchema.safeParse(message);
    if (!call.success) return refusal(message, call.error);
    const { id, service, method, argument } = call.data;
    try {
      const value = await this.#method(service, method)(argument);
      return { id, value };
    } catch (error) {
      return { id, error: toErrorData(error) };
    }
  }

  #method(service: string, method: string): Method {
    const schemas = own<Record<string, z.ZodType>>(apiArguments, service);
    const schema = schemas && own<z.ZodType>(schemas, method);
    if (!schema) throw new SnugError('BAD_ARGUMENT', `there is no method ${service}.${method}`);
    return async (argument) => {
      const checked = schema.safeParse(argument);
      if (!checked.success) {
        throw new SnugError('BAD_ARGUMENT', `${service}.${method}: ${z.prettifyError(checked.error)}`);
      }
      await this.#guard?.(`${service}.${method}`, checked.data);
      const implementation = this.#api[service as keyof Api] as unknown as Record<string, Method>;
      return implementation[method]?.call(implementation, checked.data);
    };
  }
}

/** The answer to what is no call, where it can be told to whom. */
function refusal(message: unknown, error: z.ZodError): Reply | undefined {
  const numbered = numberSchema.safeParse(message);
  if (!numbered.success) return undefined;
  const refused = new SnugError('BAD_ARGUMENT', `this is no call: ${z.prettifyError(error)}`);
  return { id: numbered.data.id, error: toErrorData(refused) };
}

/** An entry of an object and not of its prototype: names come from outside. */
function own<Value>(object: object, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? (object as Record<string, Value>)[key] : undefined;
}

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';

export interface Product {
  /** as in "IQ1_M" */
  readonly type: string;
  readonly columns: number;
  readonly rows: number;
  readonly tokens: number;
  /** as it lies in memory: OpenModelOptions.wide */
  readonly wide: boolean;
  readonly threads: number;
  /** weights that are gone through, more than caches hold */
  readonly workingSetBytes: number;
  readonly seconds: number;
}

interface Read {
  readonly bytes: number;
  readonly seconds: number;
  readonly threads: number;
}

export type Asked = ({ readonly kind: 'product' } & Product) | ({ readonly kind: 'read' } & Read);

const layoutSchema = z.object({ type: z.string(), wide: z.boolean(), bits: z.number() });
/** A layout of Snug's kernels for a type, as in "IQ1_M", and how many bits a weight takes in it. */
export type Layout = z.infer<typeof layoutSchema>;

const startedSchema = z.object({ kernels: z.string(), layouts: z.array(layoutSchema) });
const productSchema = z.object({ weightsPerSecond: z.number(), bytesPerSecond: z.number() });
const readSchema = z.object({ bytesPerSecond: z.number() });

/** Multiplies in a process of its own, with one CPU variant and one choice of kernels. */
export class ProductProcess implements Disposable {
  readonly #child: ChildProcess;
  /** Snug's own that run, as in "AVX2"; empty where there are none */
  kernels = '';
  /** of the types that Snug's own multiply with */
  layouts: readonly Layout[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `variant`: of llama.cpp's builds, as in "haswell"; the best for this machine where there is none */
  static async start(kernels: 'own' | 'stock', variant = ''): Promise<ProductProcess> {
    const child = fork(join(import.meta.dirname, 'product-in-child.ts'), [], {
      env: { ...process.env, SNUG_KERNELS: kernels, SNUG_CPU_VARIANT: variant },
    });
    const started = new ProductProcess(child);
    Object.assign(started, startedSchema.parse(await started.#heard()));
    return started;
  }

  async product(product: Product): Promise<z.infer<typeof productSchema>> {
    return productSchema.parse(await this.#ask({ kind: 'product', ...product }));
  }

  /** bytes per second */
  async read(read: Read): Promise<number> {
    return readSchema.parse(await this.#ask({ kind: 'read', ...read })).bytesPerSecond;
  }

  async #ask(asked: Asked): Promise<unknown> {
    const answer = this.#heard();
    this.#child.send(asked);
    return answer;
  }

  async #heard(): Promise<unknown> {
    const ended = new AbortController();
    const end = () => ended.abort(new Error('the process that multiplies has ended'));
    this.#child.once('exit', end);
    try {
      const heard: unknown[] = await once(this.#child, 'message', { signal: ended.signal });
      return heard[0];
    } finally {
      this.#child.off('exit', end);
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

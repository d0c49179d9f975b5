import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import type { Kernels } from '../src-main/contract/kernels.ts';
import { tensorTypeName } from '../src-main/gguf/tensor-types.ts';

export interface Product {
  /** as in "IQ1_M" */
  readonly type: string;
  readonly columns: number;
  readonly rows: number;
  readonly tokens: number;
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

const startedSchema = z.object({ kernels: z.string(), types: z.array(z.number()) });
const productSchema = z.object({ weightsPerSecond: z.number(), bytesPerSecond: z.number() });
const readSchema = z.object({ bytesPerSecond: z.number() });

/** Multiplies in a process of its own, with one CPU variant and one choice of kernels. */
export class ProductProcess implements Disposable {
  readonly #child: ChildProcess;
  /** Snug's own that run, as in "AVX2"; empty where there are none */
  kernels = '';
  /** that Snug's own multiply with */
  types: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `variant`: of llama.cpp's builds, as in "haswell"; the best for this machine where there is none */
  static async start(kernels: Kernels, variant = ''): Promise<ProductProcess> {
    const child = fork(join(import.meta.dirname, 'product-in-child.ts'), [], {
      env: { ...process.env, SNUG_KERNELS: kernels, SNUG_CPU_VARIANT: variant },
    });
    const started = new ProductProcess(child);
    const { kernels: name, types } = startedSchema.parse(await started.#heard());
    started.kernels = name;
    started.types = types.map(tensorTypeName);
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

import { chartqa } from './chartqa.ts';
import { docvqa } from './docvqa.ts';
import { gqa } from './gqa.ts';
import { mathvista } from './mathvista.ts';
import { mmbench } from './mmbench.ts';
import { mme } from './mme.ts';
import { own } from './own.ts';
import { pope } from './pope.ts';
import type { Task } from './task.ts';
import { textvqa } from './textvqa.ts';
import { vqav2 } from './vqav2.ts';

/** The benchmarks that a model can be evaluated on, by name, and one's own questions. */
export const TASKS: Readonly<Record<string, Task>> = Object.fromEntries(
  [mme, mmbench, textvqa, vqav2, gqa, pope, chartqa, docvqa, mathvista, own].map((task) => [
    task.name,
    task as Task,
  ]),
);

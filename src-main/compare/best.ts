import { tensorTypeName } from '../gguf/tensor-types.ts';
import { chooseBest } from '../fit/best-choice.ts';
import type { MeasuringContext } from '../fit/measuring-context.ts';
import { orderFor } from '../fit/luq-choice.ts';
import type { ComparedRows } from './compared-rows.ts';

/** What a fit gives that is asked for the nearest plan in the memory that the paper's takes with each number of low layers. */
export async function bestRows(
  usual: MeasuringContext,
  counts: readonly number[],
  rows: ComparedRows,
): Promise<void> {
  const order = await orderFor(usual, 'entropy');
  const { tensors } = usual.source.text.gguf;
  for (const k of counts) {
    const name = `best as small as ${k} layers low`;
    const bytes = usual.planner.withLowLayers(order, k).memory.totalBytes;
    const request = { ...usual.request, budget: { ...usual.request.budget, bytes } };
    const { plan } = await chooseBest({
      ...usual,
      request,
      onProgress: ({ done, total }) => rows.tellShare(name, total > 0 ? done / total : 0),
    });
    const tensorTypes = Object.fromEntries(
      tensors.map(
        ({ name: tensor, type }) => [tensor, tensorTypeName(plan.types.get(tensor) ?? type)] as const,
      ),
    );
    const facts = { family: 'best', ordering: null, lowLayers: null, name } as const;
    await rows.measure(usual, { types: plan.types, memory: plan.memory }, { ...facts, tensorTypes });
  }
}

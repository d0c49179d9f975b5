import { identify, openContext } from '../src-main/fit/context.ts';
import { startMeasuring, type MeasuringContext } from '../src-main/fit/measuring-context.ts';
import { snugHome } from '../src-main/home.ts';
import { readSidecar } from '../src-main/models/sidecar.ts';

/** What a bench was told of the model whose plans it measures. */
interface AskedModel {
  readonly model: string;
  readonly mmproj?: string | undefined;
  readonly threads?: string | undefined;
}

export interface MeasuredModel extends Disposable {
  readonly measuring: MeasuringContext;
}

/** Calibrates a model for its nearest plan, or reads what an earlier run left; the vision file is the sidecar's unless another is named. */
export async function openMeasured(
  { model, mmproj, threads }: AskedModel,
  trials?: number,
): Promise<MeasuredModel> {
  const mmprojPath = mmproj ?? readSidecar(model).mmproj;
  const read = await openContext(
    {
      modelPath: model,
      ...(mmprojPath === undefined ? {} : { mmprojPath }),
      ...(threads === undefined ? {} : { threads: Number(threads) }),
      ...(trials === undefined ? {} : { trials }),
      home: snugHome(),
      plan: 'best',
    },
    {},
  );
  return {
    measuring: await startMeasuring(await identify(read)),
    [Symbol.dispose]: () => read[Symbol.dispose](),
  };
}

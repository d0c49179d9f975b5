import { join } from 'node:path';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { SentAnswer } from '../../src-main/contract/chat.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import { fit } from '../../src-main/fit/fit.ts';

/** A quick fit: few tokens and rungs without IQ1's tables, which take ten seconds to build. */
export function quickFit(
  where: string,
  request: Pick<FitRequest, 'modelPath' | 'mmprojPath'> & Partial<FitRequest>,
): Promise<Fitted> {
  return fit(
    {
      home: join(where, 'home'),
      lowLayers: 2,
      rungs: { high: 'Q4_K_M', low: 'Q2_K' },
      calibrationTokens: 1000,
      clusters: 10,
      threads: 1,
      ...request,
    },
    {},
  );
}

export const outputOf = (fitted: Fitted): string => fitted.files.luq.path ?? '';

/** Eight tokens of an answer, from a model that is opened for it. */
export async function ask(
  modelPath: string,
  mmprojPath: string | undefined,
  pictures: readonly string[],
  options: { readonly contextTokens?: number; readonly imageMaxTokens?: number } = { imageMaxTokens: 64 },
): Promise<SentAnswer> {
  const host = new ChatHost();
  try {
    await host.open({ modelPath, mmprojPath, contextTokens: 512, threads: 1, ...options });
    const request = { text: 'What is shown here?', maxTokens: 8, temperature: 0, seed: 0 };
    return await host.session.send({ ...request, pictures, ignoreEnd: true });
  } finally {
    host.close();
  }
}

import { expect, it, vi } from 'vitest';
import { settleRequest } from '../../../src-main/fit/settings.ts';

vi.mock('../../../src-main/profile/container.ts', () => ({
  containerMemory: () => undefined,
  containerProcessors: () => 1,
}));

it('a fit in a container computes with no more threads than that leaves it, whatever it is asked', () => {
  const request = { modelPath: 'model.gguf', home: '' };
  expect(settleRequest(request, 2048, 1).threads).toBe(1);
  expect(settleRequest({ ...request, threads: 2 }, 2048, 1).threads).toBe(1);
});

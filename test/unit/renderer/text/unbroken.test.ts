import { expect, it } from 'vitest';
import { choiceSentence } from '../../../../src-main/contract/choice.ts';
import type { Candidate, PlanReport } from '../../../../src-main/contract/fit-report.ts';
import {
  formatBytes,
  formatParameters,
  formatPercent,
  formatSeconds,
} from '../../../../src-renderer/text/format.ts';
import { unbroken } from '../../../../src-renderer/text/unbroken.ts';

it('a number and its unit stay on one line, and nothing else does', () => {
  expect([formatBytes(3.5 * 2 ** 30), formatBytes(5)]).toEqual(['3.50\u00a0GiB', '5\u00a0B']);
  expect([formatPercent(0.41), formatParameters(7.6e9)]).toEqual(['41\u00a0%', '7.6\u00a0B']);
  expect(formatSeconds(125)).toBe('2\u00a0min 5\u00a0s');
  expect(unbroken('27.1 tokens/s, 3 MP, 10 MB/s, 99 ms.')).toBe(
    '27.1\u00a0tokens/s, 3\u00a0MP, 10\u00a0MB/s, 99\u00a0ms.',
  );
  expect(unbroken('/home/me/scan 3 M.jpg is not there')).toBe('/home/me/scan 3 M.jpg is not there');
  expect(unbroken('2 of 4 layers, 12 shorter than 3 Badgers')).toBe(
    '2 of 4 layers, 12 shorter than 3 Badgers',
  );
});

it('what a choice came to is not broken before its signs', () => {
  const measured = (name: string, nats: number, chosen: boolean) =>
    ({
      name,
      chosen,
      lowLayers: null,
      quality: { image: null, text: { meanKld: nats } },
    }) as unknown as Candidate;
  const candidates = [measured('tensors', 0.059, true), measured('IQ3_M', 0.1, false)];
  const said = choiceSentence({ candidates, plan: { family: 'tensors' } as PlanReport });
  expect(said).toContain('41 % nearer');
  expect(unbroken(said ?? '')).toContain('(0.059\u00a0nats): 41\u00a0% nearer than IQ3_M');
});

import { formatBytes } from '../contract/bytes.ts';
import type { Divergence, MeasuredFit } from '../contract/fit-report.ts';
import { code, table } from './markdown.ts';

function share(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

function divergenceRows(on: string, divergence: Divergence | null): string[][] {
  if (!divergence) return [];
  const { meanKld, topAgreement, tokens } = divergence;
  return [
    [
      `KL divergence from the source ${on}`,
      meanKld === null ? 'not finite' : `${meanKld.toFixed(4)} nats over ${tokens} tokens`,
    ],
    [`same next token as the source ${on}`, share(topAgreement)],
  ];
}

/** How good and how fast the result was when it was made. */
export function measuredPart(measured: MeasuredFit | undefined): string {
  const title = '## Measured';
  if (!measured) return `${title}\n\nThere is no report of this fit here.`;
  const { quality, tokensPerSecond, promptTokensPerSecond, peakMemoryBytes, cpu } = measured;
  const { answers } = quality;
  const rows = [
    ...divergenceRows('about held-out pictures', quality.image),
    ...divergenceRows('on held-out text', quality.text),
    ...(answers ? [['answers word for word as the source’s', `${answers.same} of ${answers.asked}`]] : []),
    ...(tokensPerSecond === null ? [] : [['answering', `${tokensPerSecond.toFixed(1)} tokens a second`]]),
    ...(promptTokensPerSecond === null
      ? []
      : [['reading', `${promptTokensPerSecond.toFixed(1)} tokens a second`]]),
    ...(peakMemoryBytes === null ? [] : [['memory at its highest', formatBytes(peakMemoryBytes)]]),
  ];
  return `${title}\n\nWhen it was made, on ${code(cpu)}:\n\n${table(['', ''], rows)}`;
}

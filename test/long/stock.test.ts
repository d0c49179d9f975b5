import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatHost } from '../../src-main/chat/host.ts';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import { RUNGS } from '../../src-main/contract/rungs.ts';
import { fit } from '../../src-main/fit/fit.ts';
import { mtmdAnswer } from '../../tools/peers/mtmd.ts';
import { demoMmproj as mmprojPath, demoModel as modelPath } from '../fixtures/demo.ts';

// Every kind of file that a fit writes is loaded by llama.cpp's own llama-mtmd-cli, which answers as Snug does.

const root = join(import.meta.dirname, '..', '..');
const PICTURES = ['circle', 'shapes', 'word'] as const;
const QUESTIONS = {
  circle: 'What color is the circle?',
  shapes: 'How many shapes are there?',
  word: 'What word is written?',
};
const TOKENS = 16;
// as the demo's sidecar has it
const imageTokens = { min: 16, max: 36 };

let request: FitRequest;
let home: string;

beforeAll(() => {
  execFileSync('bash', [join(root, 'bench', 'peers.sh')], { cwd: root, stdio: 'ignore' });
  home = mkdtempSync(join(tmpdir(), 'snug-stock-'));
  request = { home, modelPath, mmprojPath, calibrationTokens: 4000, clusters: 50, threads: 1 };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function answersAlike(model: string, mmproj: string): Promise<void> {
  const host = new ChatHost();
  await host.open({ modelPath: model, mmprojPath: mmproj, contextTokens: 2048, threads: 1 });
  try {
    for (const picture of PICTURES) {
      const path = join(root, 'resources', 'demo-model', 'samples', `${picture}.png`);
      const question = QUESTIONS[picture];
      host.session.reset();
      const asked = { text: question, pictures: [path], maxTokens: TOKENS, temperature: 0, seed: 0 };
      const { text } = await host.session.send(asked);
      const theirs = await mtmdAnswer({
        model,
        mmproj,
        question,
        picture: path,
        tokens: TOKENS,
        imageTokens,
      });
      expect(text.trim(), question).not.toBe('');
      expect(text.trim(), question).toBe(theirs.trim());
    }
  } finally {
    host.close();
  }
}

async function fittedAlike(asked: Partial<FitRequest>): Promise<void> {
  const { files, mmproj } = await fit({ ...request, ...asked }, {});
  await answersAlike(files.luq.path ?? modelPath, mmproj.luq ?? mmprojPath);
}

describe('stock llama.cpp answers as Snug does from', () => {
  it.each(RUNGS)('a file of %s', (type) => fittedAlike({ plan: 'uniform', fileType: type }));

  it.each([0.3, 0.4, 0.6])('a type for every tensor, in %f of the source’s memory', async (share) => {
    const { predictedMemory } = (await fit({ ...request, plan: 'uniform', fileType: 'Q8_0' }, {})).plan;
    const budgetBytes = Math.round(predictedMemory.totalBytes - (1 - share) * predictedMemory.weightsBytes);
    await fittedAlike({ plan: 'best', budgetBytes });
  });

  it('the paper’s plan', () => fittedAlike({ plan: 'luq', lowLayers: 5 }));
  it('a plan whose errors were fed on', () =>
    fittedAlike({ plan: 'luq', lowLayers: 5, rungs: { high: 'Q4_K_M', low: 'Q2_K' }, rounding: 'fed' }));
});

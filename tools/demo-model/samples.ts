import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChatHost } from '../../src-main/chat/host.ts';
import { writeSidecar } from '../../src-main/models/sidecar.ts';
import { CALIBRATION } from './calibration.ts';
import { drawPicture, type VqaTest } from './recipe.ts';
import { MMPROJ, MODEL, type AskedSample } from './scores-file.ts';

/** The pictures and questions that come with the model, from the recipes of `samples.py`. */

/** What chat.py's SIZES hold. */
const IMAGE_TOKENS = { min: 16, max: 36 };
/** Samples are drawn this many times larger than the model sees them, for people to look at. */
const SAMPLE_SCALE = 2;
const MOST_SAMPLE_TOKENS = 48;

/** Draws the samples and names them in the sidecar. */
export async function makeSamples(samples: VqaTest, model: string): Promise<void> {
  mkdirSync(join(model, 'samples'));
  for (const recipe of samples.pictures) {
    writeFileSync(
      join(model, samplePath(recipe.name)),
      await drawPicture(recipe, samples.glyphs, SAMPLE_SCALE),
    );
  }
  writeSidecar(join(model, MODEL), {
    mmproj: join(model, MMPROJ),
    // its first layer has the lowest entropy and is the one it can spare least
    ordering: 'edge-protected',
    calibration: CALIBRATION,
    imageTokens: IMAGE_TOKENS,
    samples: sampleQuestions(samples).map(({ question, picture }) => ({
      question,
      ...(picture === undefined ? {} : { picture: join(model, picture) }),
    })),
  });
}

export function samplePath(name: string | undefined): string {
  if (name === undefined) throw new Error('a sample has no name');
  return join('samples', `${name}.png`);
}

function sampleQuestions(samples: VqaTest): Omit<AskedSample, 'said'>[] {
  const seen = samples.pictures.flatMap(({ name, conversations }) =>
    conversations.flat().map(({ question, answer }) => ({ question, answer, picture: samplePath(name) })),
  );
  return [...seen, ...samples.text.flat().map(({ question, answer }) => ({ question, answer }))];
}

/** Asks each sample in a conversation of its own, greedily. */
export async function askSamples(samples: VqaTest, model: string, threads: number): Promise<AskedSample[]> {
  const host = new ChatHost();
  const asked: AskedSample[] = [];
  try {
    await host.open({
      modelPath: join(model, MODEL),
      mmprojPath: join(model, MMPROJ),
      contextTokens: 512,
      threads,
    });
    for (const sample of sampleQuestions(samples)) {
      host.session.reset();
      const { text } = await host.session.send({
        text: sample.question,
        pictures: sample.picture === undefined ? [] : [join(model, sample.picture)],
        maxTokens: MOST_SAMPLE_TOKENS,
        temperature: 0,
        seed: 0,
      });
      asked.push({ ...sample, said: text.trim() });
    }
  } finally {
    host.close();
  }
  return asked;
}

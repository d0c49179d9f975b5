/**
 * Rebuilds the calibration set's rendered pictures and its manifest:
 *
 *   node tools/calibration/render.ts [--check]
 *
 * Photographs and texts are not made here; photos.json and texts.json declare them, and their entries
 * are merged into the manifest unchanged. With --check nothing is written and a stale manifest fails.
 */
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { charts } from './charts.ts';
import { documents } from './documents.ts';
import { maths } from './maths.ts';
import { plans } from './plans.ts';
import { receipts } from './receipts.ts';
import { screens } from './screens.ts';
import { signs } from './signs.ts';
import { makeRng } from './svg.ts';
import type { Picture, Rng, Turn } from './svg.ts';
import { tables } from './tables.ts';

interface PictureEntry {
  file: string;
  kind: string;
  width: number;
  height: number;
  licence: string;
  source: string;
  heldOut: boolean;
  turns: Turn[];
}

interface TextEntry {
  file: string;
  kind: string;
  words: number;
  licence: string;
  source: string;
  heldOut: boolean;
}

type PhotoSource = Omit<PictureEntry, 'width' | 'height' | 'kind'>;
type TextSource = Omit<TextEntry, 'words'>;

const FAMILIES: readonly { seed: number; draw: (rng: Rng) => Picture[] }[] = [
  { seed: 1, draw: documents },
  { seed: 2, draw: charts },
  { seed: 3, draw: tables },
  { seed: 4, draw: receipts },
  { seed: 5, draw: screens },
  { seed: 6, draw: maths },
  { seed: 7, draw: signs },
  { seed: 8, draw: plans },
];

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const root = here('../../resources/calibration/');

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

/** Scripts written without spaces would otherwise count as one word per sentence. */
function countWords(text: string): number {
  let words = 0;
  for (const part of text.split(/\s+/)) {
    const ideographs = part.match(/\p{Script=Han}/gu)?.length ?? 0;
    if (ideographs > 0) words += Math.ceil(ideographs / 2);
    else if (/[\p{L}\p{N}]/u.test(part)) words += 1;
  }
  return words;
}

function checkTurns(name: string, turns: readonly Turn[]): void {
  if (turns.length < 1 || turns.length > 3) throw new Error(`${name} has ${turns.length} turns`);
  for (const { question, answer } of turns) {
    if (!question.trim() || !answer.trim()) throw new Error(`${name} has an empty turn`);
    if (/NaN|undefined/.test(question + answer)) throw new Error(`${name} has a broken turn`);
  }
}

/** Real uploads come in every resolution, so the drawings are enlarged or shrunk a little, within bounds. */
function resized(picture: Picture, rng: Rng): { svg: string; width: number; height: number } {
  const wanted = rng.pick([1, 1, 1.15, 1.3, 0.9]);
  const most = 896 / Math.max(picture.width, picture.height);
  const least = Math.min(1, 224 / Math.min(picture.width, picture.height));
  const scale = Math.max(least, Math.min(wanted, most));
  const width = Math.round(picture.width * scale);
  const height = Math.round(picture.height * scale);
  const size = `width="${picture.width}" height="${picture.height}" viewBox`;
  return { svg: picture.svg.replace(size, `width="${width}" height="${height}" viewBox`), width, height };
}

async function renderAll(write: boolean): Promise<PictureEntry[]> {
  const entries: PictureEntry[] = [];
  const counters = new Map<string, number>();
  for (const { seed, draw } of FAMILIES) {
    const scales = makeRng(seed + 1000);
    for (const picture of draw(makeRng(seed))) {
      const { svg, width, height } = resized(picture, scales);
      const number = (counters.get(picture.kind) ?? 0) + 1;
      counters.set(picture.kind, number);
      const file = `pictures/${picture.kind}-${String(number).padStart(2, '0')}.png`;
      checkTurns(`${file} (${picture.name})`, picture.turns);
      if (write) {
        await sharp(Buffer.from(svg))
          .flatten({ background: '#ffffff' })
          .png({ palette: true, colours: 64, dither: 0, compressionLevel: 9, effort: 10 })
          .toFile(root + file);
      }
      entries.push({
        file,
        kind: picture.kind,
        width,
        height,
        licence: 'CC0-1.0',
        source: `rendered by tools/calibration (seed ${seed}, ${picture.name})`,
        heldOut: picture.heldOut,
        turns: picture.turns,
      });
    }
  }
  return entries;
}

async function photoEntries(): Promise<PictureEntry[]> {
  const photos = await json<PhotoSource[]>(here('photos.json'));
  const entries: PictureEntry[] = [];
  for (const photo of photos) {
    checkTurns(photo.file, photo.turns);
    const { width, height } = await sharp(root + photo.file).metadata();
    const { file, licence, source, heldOut, turns } = photo;
    entries.push({ file, kind: 'photo', width, height, licence, source, heldOut, turns });
  }
  return entries;
}

async function textEntries(): Promise<TextEntry[]> {
  const texts = await json<TextSource[]>(here('texts.json'));
  const entries: TextEntry[] = [];
  for (const { file, kind, licence, source, heldOut } of texts) {
    const words = countWords(await readFile(root + file, 'utf8'));
    entries.push({ file, kind, words, licence, source, heldOut });
  }
  return entries;
}

/** A file that the manifest does not name would ship without a licence, so it is removed or refused. */
async function tidy(files: ReadonlySet<string>, write: boolean): Promise<void> {
  for (const folder of ['pictures', 'text']) {
    for (const name of await readdir(root + folder)) {
      const file = `${folder}/${name}`;
      if (files.has(file)) continue;
      if (!write || !/^pictures\/[a-z]+-\d+\.png$/.test(file)) throw new Error(`${file} is not declared`);
      await rm(root + file);
    }
  }
}

async function main(): Promise<void> {
  const write = !process.argv.includes('--check');
  const pictures = [...(await renderAll(write)), ...(await photoEntries())];
  const texts = await textEntries();
  const files = new Set([...pictures, ...texts].map((entry) => entry.file));
  if (files.size !== pictures.length + texts.length) throw new Error('a file is declared twice');
  await tidy(files, write);
  const manifest = `${JSON.stringify({ version: 1, pictures, texts }, null, 2)}\n`;
  if (write) await writeFile(`${root}manifest.json`, manifest);
  else if ((await readFile(`${root}manifest.json`, 'utf8')) !== manifest)
    throw new Error('manifest.json is stale');

  let bytes = 0;
  for (const file of files) bytes += (await stat(root + file)).size;
  const used = pictures.filter((entry) => !entry.heldOut);
  const turns = used.reduce((sum, entry) => sum + entry.turns.length, 0);
  const words = texts.filter((entry) => !entry.heldOut).reduce((sum, entry) => sum + entry.words, 0);
  console.log(`calibration: ${used.length} pictures, ${turns} questions, ${words} words`);
  console.log(
    `held out: ${pictures.length - used.length} pictures, ${texts.filter((entry) => entry.heldOut).length} texts`,
  );
  console.log(`size: ${(bytes / 1e6).toFixed(2)} MB in ${files.size} files`);
}

await main();

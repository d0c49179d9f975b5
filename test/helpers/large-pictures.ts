import { join } from 'node:path';
import sharp from 'sharp';
import { seededRandom } from '../../src-main/luq/random.ts';

/** Large pictures as people have them, drawn the same way each time. */

/** A sky over a hillside with grain, 12 megapixels as from a phone. Returns its path. */
export async function drawPhotograph(folder: string): Promise<string> {
  const random = seededRandom(3);
  // drawn at an eighth and enlarged: grain is softer than single pixels
  const [width, height] = [504, 378];
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ground = y / height > 0.55 + 0.1 * Math.sin((5 * x) / width);
      const colour = ground ? [70, 100 - (40 * y) / height, 45] : [110 + (90 * y) / height, 160, 220];
      const grain = 50 * (random() - 0.5);
      colour.forEach((value, channel) => {
        rgb[(y * width + x) * 3 + channel] = Math.max(0, Math.min(255, value + grain));
      });
    }
  }
  const path = join(folder, 'photograph.jpg');
  const taken = sharp(rgb, { raw: { width, height, channels: 3 } }).resize(4032, 3024);
  await taken.blur(4).jpeg({ quality: 90 }).toFile(path);
  return path;
}

/** A window with a sidebar and lines of text too small to read. Returns its path. */
export async function drawScreenshot(folder: string): Promise<string> {
  const line = (i: number) =>
    `<rect x="520" y="${180 + i * 44}" width="${500 + ((i * 379) % 1100)}" height="18" fill="#444"/>`;
  const item = (i: number) => `<rect x="40" y="${160 + i * 70}" width="300" height="22" fill="#9ab"/>`;
  const many = (count: number, draw: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => draw(i)).join('');
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="2560" height="1600"><rect width="2560" height="1600" fill="#fdfdfd"/>' +
    '<rect width="2560" height="90" fill="#2b3a4a"/><rect y="90" width="420" height="1510" fill="#e8ecef"/>' +
    `${many(30, line)}${many(12, item)}</svg>`;
  const path = join(folder, 'screenshot.png');
  await sharp(Buffer.from(svg)).png().toFile(path);
  return path;
}

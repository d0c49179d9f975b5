import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { encodeGguf, ggufEntry } from '../../src-main/gguf/writer.ts';
import { GgufType, readGguf } from '../../src-main/gguf/gguf.ts';
import { layerOf } from '../../src-main/models/model-file.ts';
import { readSidecar, sidecarPath, writeSidecar } from '../../src-main/models/sidecar.ts';
import { demoMmproj, demoModel } from '../fixtures/demo.ts';
import { SHORT_LAYERS, shortFolder, shortMmproj, shortModel } from '../fixtures/short-demo.ts';

/** Writes test/fixtures/short-demo.ts's model unless the one there was made from the demo model as it is now. */
export default async function writeShortDemo(): Promise<void> {
  const madeFrom = [demoModel, sidecarPath(demoModel), import.meta.filename].map(
    (path) => statSync(path).mtimeMs,
  );
  if (existsSync(shortModel) && statSync(shortModel).mtimeMs > Math.max(...madeFrom)) return;
  const { metadata, tensors } = readGguf(demoModel);
  const bytes = readFileSync(demoModel);
  const kept = tensors.filter(({ name }) => (layerOf(name) ?? 0) < SHORT_LAYERS);
  const file = encodeGguf(
    [...metadata.values()].map((entry) =>
      entry.key.endsWith('.block_count') ? ggufEntry(entry.key, GgufType.uint32, SHORT_LAYERS) : entry,
    ),
    kept.map((tensor) => ({ ...tensor, data: bytes.subarray(tensor.offset, tensor.offset + tensor.bytes) })),
  );
  // beside and renamed: another run may read it
  const fresh = `${shortFolder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  rmSync(shortFolder, { recursive: true, force: true });
  renameSync(fresh, shortFolder);
  copyFileSync(demoMmproj, shortMmproj);
  // its calibration set stays where the whole model is
  const { calibration: _, ...said } = readSidecar(demoModel);
  writeSidecar(shortModel, { ...said, mmproj: shortMmproj });
  await writeFile(shortModel, file);
}

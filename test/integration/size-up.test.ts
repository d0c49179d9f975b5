import { closeSync, openSync, readSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { previewFit } from '../../src-main/fit/preview.ts';
import { sizeUp } from '../../src-main/fit/size-up.ts';
import { readGguf } from '../../src-main/gguf/gguf.ts';
import { readSidecar, sidecarPath } from '../../src-main/models/sidecar.ts';
import { FitService } from '../../src-main/services/fit-service.ts';
import { demoMmproj, demoModel } from '../fixtures/demo.ts';
import { QWEN_3B, writeSparseQwenVl } from '../fixtures/sparse-models.ts';
import { sharedFolder, temporaryFolder } from '../helpers/temporary-folder.ts';
import { rejected } from '../helpers/thrown.ts';

const folder = sharedFolder();

/** A copy of a model's header with a hole for its weights. */
function hollow(path: string): string {
  const { tensors, fileBytes } = readGguf(path);
  const header = Buffer.alloc(Math.min(...tensors.map(({ offset }) => offset)));
  const fd = openSync(path, 'r');
  readSync(fd, header, 0, header.length, 0);
  closeSync(fd);
  const copy = join(folder, basename(path));
  writeFileSync(copy, header);
  truncateSync(copy, fileBytes);
  return copy;
}

describe('a model of which only the headers are here', () => {
  const { imageTokens } = readSidecar(demoModel);
  writeFileSync(sidecarPath(join(folder, basename(demoModel))), JSON.stringify({ imageTokens }));
  const hollowed = { modelPath: hollow(demoModel), mmprojPath: hollow(demoMmproj) };

  it('takes what the preview of its fit says', async () => {
    const home = temporaryFolder();
    const contextTokens = 2048;
    const sized = await new FitService().sizeUp({ ...hollowed, home, contextTokens, threads: 1 });
    const whole = { modelPath: demoModel, mmprojPath: demoMmproj, home, contextTokens, threads: 1 };
    const { byLowLayers, source } = await previewFit(whole, false);
    const size = (plan: (typeof byLowLayers)[number] | undefined) => ({
      fileBytes: plan?.fileBytes,
      memory: plan?.memory,
    });
    expect(sized).toMatchObject({ contextTokens, source });
    expect(sized.fit).toMatchObject({
      high: size(byLowLayers[0]),
      low: size(byLowLayers.at(-1)),
      threads: 1,
      resultBytes: byLowLayers[0]?.fileBytes,
    });
  });

  it('is refused with a vision file of another model', async () => {
    const { mmproj } = writeSparseQwenVl(temporaryFolder(), QWEN_3B);
    const request = { modelPath: hollowed.modelPath, mmprojPath: mmproj, home: temporaryFolder() };
    expect((await rejected(sizeUp({ ...request, contextTokens: 1024 }))).code).toBe('WRONG_PAIR');
  });
});

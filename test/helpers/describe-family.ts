import { beforeAll, expect, it } from 'vitest';
import type { FitRequest } from '../../src-main/contract/fit-request.ts';
import type { Fitted } from '../../src-main/contract/workers/compress.ts';
import { inspect } from '../../src-main/models/inspect.ts';
import { RECORDED_RUNGS } from '../../tools/peers/families.ts';
import type { ModelFiles } from '../fixtures/models.ts';
import {
  expectAsPlanned,
  expectCountedChat,
  expectLlamaBytes,
  expectSameLogits,
  expectSeen,
  newFolder,
} from './family-checks.ts';
import { outputOf, quickFit } from './quick-fit.ts';

export interface FamilySteps {
  /** where its files are written and fitted */
  readonly folder: string;
  readonly write: (folder: string) => ModelFiles;
  /** what inspecting its files says; that of the text model also names the vision file beside it */
  readonly told: { readonly text: object; readonly facts: object; readonly vision: object };
  readonly fit?: Partial<FitRequest>;
  /** what llama-quantize made of it is recorded under this name */
  readonly recorded?: string;
}

/** Defines the tests of what every family goes through: inspected, fitted, quantized, calibrated, asked about pictures. */
export function familySteps(of: FamilySteps): { files: () => ModelFiles; fitted: () => Fitted } {
  let files: ModelFiles;
  let fitted: Fitted;

  beforeAll(async () => {
    const where = newFolder(of.folder, 'family');
    files = of.write(where);
    fitted = await quickFit(where, { modelPath: files.model, mmprojPath: files.mmproj, ...of.fit });
  });

  it('is told for what it is, and finds its vision file by itself', () => {
    const { text, facts, vision } = of.told;
    expect(inspect(files.model)).toMatchObject({
      kind: 'text',
      ...text,
      facts: { ...facts, 'vision file': files.mmproj },
    });
    expect(inspect(files.mmproj)).toMatchObject({ kind: 'vision', ...vision });
  });

  it('is fitted with the pictures seen, to the types and the size that were planned', () => {
    expectSeen(fitted);
    expectAsPlanned(fitted);
  });

  it.runIf(of.recorded !== undefined).each(RECORDED_RUNGS)(
    'is quantized to the bytes of llama-quantize in %s',
    async (rung) => {
      await expectLlamaBytes(files, of.recorded ?? '', rung, of.folder);
    },
  );

  it.each(['circle', 'shapes'])('is calibrated on what a chat sees of %s', async (name) => {
    await expectSameLogits(files, name);
  });

  it('says what pictures cost before they are sent, and answers about them', async () => {
    await expectCountedChat({ ...files, model: outputOf(fitted) }, ['circle', 'colours']);
  });

  return { files: () => files, fitted: () => fitted };
}

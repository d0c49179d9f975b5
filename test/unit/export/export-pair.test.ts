import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPair, type ExportRequest } from '../../../src-main/export/export-pair.ts';
import { readPair } from '../../../src-main/export/read-pair.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { fitEntries, writeFitted } from '../../helpers/fitted-files.ts';
import { text, writeTextModel } from '../../helpers/small-models.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { rejected } from '../../helpers/thrown.ts';

const NAMES = ['Modelfile', 'README.md', 'SHA256SUMS', 'Small-LUQ.gguf', 'mmproj-Small-LUQ.gguf'];

function request(changed: Partial<ExportRequest> = {}): ExportRequest {
  const { model, mmproj } = writeFitted(temporaryFolder());
  const asked = {
    ...{ modelPath: model, mmprojPath: mmproj, replace: false, measured: undefined, madeFrom: undefined },
    folder: join(temporaryFolder(), 'a folder', 'for it'),
    ...changed,
  };
  return { facts: readPair(asked.modelPath, asked.mmprojPath), ...asked };
}

const readmeIn = (folder: string) => readFileSync(join(folder, 'README.md'), 'utf8');

describe('an exported pair', () => {
  it('lies in its folder under plain names, with sums that are right', async () => {
    const asked = request();
    const { files } = await exportPair(asked);
    expect(readdirSync(asked.folder).sort()).toEqual(NAMES);
    expect([...files].sort()).toEqual(NAMES);
    const sums = readFileSync(join(asked.folder, 'SHA256SUMS'), 'utf8').trim().split('\n');
    expect(sums).toHaveLength(2);
    for (const line of sums) {
      const [sum, name = ''] = line.split('  ');
      const content = readFileSync(join(asked.folder, name));
      expect(createHash('sha256').update(content).digest('hex')).toBe(sum);
      expect(readmeIn(asked.folder)).toContain(sum);
    }
    const [model, mmproj] = [asked.modelPath, asked.mmprojPath ?? ''].map((path) => readFileSync(path));
    expect(readFileSync(join(asked.folder, 'Small-LUQ.gguf')).equals(model ?? Buffer.alloc(0))).toBe(true);
    expect(readFileSync(join(asked.folder, 'mmproj-Small-LUQ.gguf')).equals(mmproj ?? Buffer.alloc(0))).toBe(
      true,
    );
  });

  it('tells its progress to the end', async () => {
    const told: (readonly [number, number])[] = [];
    await exportPair(request(), { onProgress: (done, total) => told.push([done, total]) });
    const [done, total] = told.at(-1) ?? [0, 1];
    expect(done).toBe(total);
    expect(told.map(([one]) => one)).toEqual(told.map(([one]) => one).sort((a, b) => a - b));
  });

  it('never takes the place of what is there, unless it is asked to', async () => {
    const asked = request();
    mkdirSync(asked.folder, { recursive: true });
    writeFileSync(join(asked.folder, 'README.md'), 'mine');
    const error = await rejected(exportPair(asked));
    expect(error.code).toBe('CANNOT_WRITE');
    expect(error.message).toContain('README.md');
    expect(error.remedies).toContainEqual({ kind: 'replace-files' });
    expect(readdirSync(asked.folder)).toEqual(['README.md']);
    expect(readmeIn(asked.folder)).toBe('mine');
    await exportPair({ ...asked, replace: true });
    expect(readmeIn(asked.folder)).toContain('fitted by Snug');
    // also where the file there is another name of the one that comes
    await exportPair({ ...asked, replace: true });
    expect(readdirSync(asked.folder).sort()).toEqual(NAMES);
  });

  it('leaves nothing behind once it was stopped', async () => {
    const asked = request();
    const stop = new AbortController();
    const error = await rejected(exportPair(asked, { signal: stop.signal, onProgress: () => stop.abort() }));
    expect(error.code).toBe('CANCELLED');
    expect(statSync(asked.folder, { throwIfNoEntry: false })).toBeUndefined();
  });

  it.skipIf(process.getuid?.() === 0)('says so where the folder may not be written to', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    expect((await rejected(exportPair(request({ folder })))).code).toBe('CANNOT_WRITE');
  });

  it('does not lie where the model itself lies', async () => {
    const folder = temporaryFolder();
    const { model, mmproj } = writeFitted(folder);
    const error = await rejected(
      exportPair(request({ modelPath: model, mmprojPath: mmproj, folder, replace: true })),
    );
    expect(error.code).toBe('BAD_ARGUMENT');
  });

  it('is only made of what Snug fitted', async () => {
    const modelPath = writeTextModel(temporaryFolder());
    const error = await rejected(exportPair(request({ modelPath, mmprojPath: undefined })));
    expect(error.message).toContain('was not fitted by Snug');
    expect(error.remedies).toContainEqual({ kind: 'fit-model' });
  });

  it('does without a vision file where there is none', async () => {
    const asked = request({ mmprojPath: undefined });
    await exportPair(asked);
    expect(readdirSync(asked.folder)).not.toContain('mmproj-Small-LUQ.gguf');
    expect(readmeIn(asked.folder)).not.toContain('llama-mtmd-cli');
  });
});

describe('its README', () => {
  it('says how it was made, measured and made again', async () => {
    const divergence = {
      ...{ tokens: 100, meanKld: 0.01234, medianKld: 0, p90Kld: 0, p99Kld: 0, topAgreement: 0.93 },
      ...{ perplexity: 5, sourcePerplexity: 5, belowChance: 0, sourceKnows: true },
    };
    const measured = {
      quality: { image: divergence, text: null, answers: { asked: 3, same: 2 } },
      ...{ tokensPerSecond: 12.34, promptTokensPerSecond: null, peakMemoryBytes: 2 ** 30, cpu: 'Some CPU' },
    };
    const asked = request({ measured });
    await exportPair(asked);
    const readme = readmeIn(asked.folder);
    for (const said of [
      ...['a'.repeat(64), 'c'.repeat(64), 'd'.repeat(64), 'Snug 0.1.0, llama.cpp v0.4.0', '4 threads'],
      ...[
        '4294967297 bytes',
        'seed 7',
        '0.0123 nats',
        '93.0 %',
        '2 of 3',
        '12.3 tokens a second',
        '1.00 GiB',
      ],
      ...[
        'snug fit Small-f16.gguf',
        'llama-server',
        'llama-mtmd-cli',
        'ollama create small-luq -f Modelfile',
      ],
      ...['| 1     | IQ1_M', 'does not say under which licence'],
    ]) {
      expect(readme).toContain(said);
    }
  });

  it('has the origin and the licence that the source’s converter wrote', async () => {
    const { model, mmproj } = writeFitted(temporaryFolder(), {
      entries: [
        text('general.license', 'apache-2.0'),
        text('general.license.link', 'https://example.org/LICENSE'),
        text('general.base_model.0.repo_url', 'https://example.org/some/model'),
      ],
    });
    const asked = request({ modelPath: model, mmprojPath: mmproj });
    await exportPair(asked);
    expect(readmeIn(asked.folder)).toContain('under `apache-2.0`, <https://example.org/LICENSE>');
    expect(readmeIn(asked.folder)).toContain('<https://example.org/some/model>');
  });

  it('has what the download of the source noted, where there was one', async () => {
    const madeFrom = {
      ...{ hub: 'https://hub.example', repository: 'some/model-GGUF', revision: 'main', commit: 'abc123' },
      files: [{ path: 'Small-f16.gguf', name: 'Small-f16.gguf', bytes: 1, sha256: 'a'.repeat(64) }],
      licence: { name: 'Apache 2.0', url: 'https://hub.example/LICENSE' },
      downloadedAt: '2026-01-01T00:00:00.000Z',
    };
    const asked = request({ madeFrom });
    await exportPair(asked);
    const readme = readmeIn(asked.folder);
    expect(readme).toContain('<https://hub.example/some/model-GGUF>');
    expect(readme).toContain('`abc123`');
    expect(readme).toContain('under `Apache 2.0`, <https://hub.example/LICENSE>');
  });

  it('makes no markup of what a file says', async () => {
    const hostile = '[x](javascript:alert(1)) | `<b>` \u001b[31m';
    const modelPath = writeTextModel(temporaryFolder(), {
      entries: [
        ...fitEntries({ 'luq.source.file': [GgufType.string, hostile] }),
        text('general.name', hostile),
        text('general.license', hostile),
        text('general.license.link', 'javascript:alert(1)'),
      ],
    });
    const asked = request({ modelPath, mmprojPath: undefined });
    await exportPair(asked);
    const readme = readmeIn(asked.folder);
    expect(readme).not.toContain('\u001b');
    const outsideCode = readme.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
    expect(outsideCode).not.toMatch(/javascript|<b>/);
  });

  it('does not promise what an earlier Snug did not note', async () => {
    const { model, mmproj } = writeFitted(temporaryFolder(), { changed: { 'luq.made_with.snug': null } });
    const asked = request({ modelPath: model, mmprojPath: mmproj });
    await exportPair(asked);
    expect(readmeIn(asked.folder)).toContain('did not note all it takes');
    expect(readmeIn(asked.folder)).not.toContain('snug fit ');
  });
});

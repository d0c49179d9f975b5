import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_LAYERS, demoMmproj, demoModel, sample } from '../../fixtures/demo.ts';
import { text, whole, writeModelFile } from '../../fixtures/gguf-parts.ts';
import { writeQwenVl } from '../../fixtures/models.ts';
import { commandLine, filesIn, unfinished } from '../../helpers/command-line.ts';

// What `snug fit` says to what it cannot use, and what it leaves behind: nothing.

const { folder, start, snug } = commandLine();

describe('bad input to fit', () => {
  const made = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, content);
    return path;
  };
  const folderWith = (name: string, files: Record<string, string | Uint8Array>) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  };
  const missing = () => join(folder, 'missing');
  const random = (name: string, options: Parameters<typeof writeQwenVl>[1]) =>
    writeQwenVl(folderWith(name, {}), options);

  interface Case {
    readonly args: () => string[];
    readonly code?: number;
    /** what the message must say: the problem and the way on */
    readonly says: readonly RegExp[];
  }
  const cases: Record<string, Case> = {
    'a budget of nothing': {
      args: () => [demoModel, '--budget', '0'],
      says: [/"0" is not an amount of memory above zero/, /Write it like 4GiB/],
    },
    'a link that leads in a circle': {
      args: () => {
        const path = join(folder, 'circle.gguf');
        symlinkSync(path, path);
        return [path];
      },
      says: [/circle\.gguf cannot be read: its link leads in a circle/, /Choose the file itself/],
    },
    'a budget that is no number': {
      args: () => [demoModel, '--budget', 'nonsense'],
      says: [/"nonsense" is not an amount/, /Write it like 4GiB/],
    },
    'a budget of another unit': {
      args: () => [demoModel, '--budget', '4 parsecs'],
      says: [/"4 parsecs" is not an amount/],
    },
    'a budget that nothing fits': {
      args: () => [demoModel, '--budget', '1MB'],
      code: 3,
      says: [
        /needs [\d.]+ MiB, [\d.]+ MiB more than the budget of 977 KiB/,
        /larger budget or a smaller model/,
        /--budget [\d.]+MiB/,
      ],
    },
    'a budget that a shorter context fits': {
      args: () => [demoModel, '--budget', '15MiB'],
      code: 3,
      says: [
        /more than the budget of 15.0 MiB/,
        /What would fit: .*a context of 1024 tokens \(\d/,
        /--context 1024|--vision Q8_0/,
      ],
    },
    'a budget and a number of layers': {
      args: () => [demoModel, '--budget', '4GiB', '--layers', '2'],
      says: [/--budget and --layers exclude each other/, /Give one of them/],
    },
    'the plan of earlier versions': {
      args: () => [demoModel, '--plan', 'auto'],
      says: [/'auto' is invalid.*It is called best now, and is the default/],
    },
    'a file type for a kind of plan': {
      args: () => [demoModel, '--plan', 'IQ3_M'],
      says: [/Choose from best, luq, uniform.*--plan uniform --type IQ3_M/],
    },
    'a file type that there is not': {
      args: () => [demoModel, '--plan', 'uniform', '--type', 'IQ9_Z'],
      says: [/"IQ9_Z" is not a file type/, /IQ3_M/],
    },
    'a file type of the nearest plan': {
      args: () => [demoModel, '--plan', 'best', '--type', 'IQ3_M'],
      says: [/--plan best and --type exclude each other/, /--plan uniform/],
    },
    'layers of the nearest plan': {
      args: () => [demoModel, '--plan', 'best', '--layers', '2'],
      says: [/--plan best and --layers exclude each other/, /give it one with --budget/],
    },
    'trials of the paper’s plan': {
      args: () => [demoModel, '--plan', 'luq', '--trials', '3'],
      says: [/--trials and --min-speed are of the best plan alone/, /--plan best/],
    },
    'more trials than there may be': {
      args: () => [demoModel, '--trials', '41'],
      says: [/'41' is invalid.*from 0 to 40/],
    },
    'a file type that does not fit': {
      args: () => [demoModel, '--type', 'Q8_0', '--budget', '36.5MiB', '--context', '4096'],
      code: 3,
      says: [
        /at Q8_0 the model needs [\d.]+ MiB/,
        /The largest file type that fits is I?Q\w+/,
        /--type I?Q\w+/,
      ],
    },
    'more layers than there are': {
      args: () => [demoModel, '--layers', '99'],
      says: [new RegExp(`this model has ${DEMO_LAYERS} layers; 99 of them`)],
    },
    'half a layer': { args: () => [demoModel, '--layers', '1.5'], says: [/'1.5' is invalid.*whole number/] },
    'alpha above one': { args: () => [demoModel, '--alpha', '2'], says: [/'2' is invalid.*between 0 and 1/] },
    'one cluster': { args: () => [demoModel, '--clusters', '1'], says: [/'1' is invalid.*at least 2/] },
    'more clusters than tokens': {
      args: () => [demoModel, '--clusters', '4000', '--calibration-tokens', '500', '--layers', '1'],
      says: [/\d+ tokens per layer, and 4000 clusters/, /or fewer clusters/],
    },
    'an unknown rung': {
      args: () => [demoModel, '--rungs', 'Q4_K_M,IQ9_Z'],
      says: [/"Q4_K_M,IQ9_Z" is not a pair of rungs/, /IQ1_M/],
    },
    'one rung twice': {
      args: () => [demoModel, '--rungs', 'Q2_K,Q2_K'],
      says: [/the two rungs are the same: Q2_K/],
    },
    'a vision type it has not': {
      args: () => [demoModel, '--vision', 'Q4_K'],
      says: [/--vision takes Q8_0, not Q4_K/],
    },
    'a missing model': { args: () => [missing()], says: [/there is no file .*missing/] },
    'a folder for a model': {
      args: () => [folderWith('two models', { 'a.gguf': '', 'b.gguf': '' })],
      says: [/two models is a folder, and holds 2 models/, /a\.gguf, b\.gguf/],
    },
    'a text for a model': {
      args: () => [made('notes.gguf', 'not a model')],
      says: [/notes.gguf is not a GGUF file, but a text; it begins with “not a model”/, /download it again/],
    },
    'a model that is only partly there': {
      args: () => [made('cut.gguf', readFileSync(demoModel).subarray(0, 5_000_000))],
      says: [/cut.gguf is not complete: [\d,]+ bytes are missing/, /download it again/],
    },
    'a model of another architecture': {
      args: () => {
        const path = join(folder, 'phi.gguf');
        writeModelFile(path, [text('general.architecture', 'phi3'), whole('phi3.block_count', 1)], [], 1);
        return [path];
      },
      says: [
        /phi.gguf is a model of the architecture phi3, which Snug does not know/,
        /Snug takes Qwen2.5-VL/,
      ],
    },
    'a model and its encoder swapped': {
      args: () => [demoMmproj, '--mmproj', demoModel],
      says: [/is a vision file \(mmproj\), not a text model/, /may be swapped/],
    },
    'a text model for an encoder': {
      args: () => [demoModel, '--mmproj', demoModel],
      says: [/is not a vision file/, /may be swapped/],
    },
    'a vision file beside the model that is only partly there': {
      args: () => {
        const cut = readFileSync(demoMmproj).subarray(0, 1_000_000);
        const model = readFileSync(demoModel);
        return [join(folderWith('half', { 'model.gguf': model, 'mmproj-F16.gguf': cut }), 'model.gguf')];
      },
      says: [/half.mmproj-F16.gguf is not complete/, /To go on without pictures/, /--mmproj FILE/],
    },
    'an encoder of another width': {
      args: () => [demoModel, '--mmproj', random('wider', { width: 512, heads: 8, layers: 1 }).mmproj],
      says: [/produces embeddings of width 512, and .* takes 256/, /published together with this model/],
    },
    'the source as the output': {
      args: () => [demoModel, '--output', demoModel],
      says: [/is the source itself/, /--output/],
    },
    'the source as the output by another name': {
      args: () => {
        const link = join(folder, 'link.gguf');
        if (!existsSync(link)) symlinkSync(demoModel, link);
        return [demoModel, '--output', link];
      },
      says: [/is the source itself/, /--output/],
    },
    'an output below a file': {
      args: () => [demoModel, '--output', join(made('a-file', ''), 'below', 'out.gguf')],
      code: 1,
      says: [/a-file.* cannot be written: part of its path is a file/, /--output FILE/],
    },
    'an output right below a file': {
      args: () => [demoModel, '--output', join(made('a-file', ''), 'out.gguf')],
      code: 1,
      says: [/a-file.* cannot be written: part of its path is a file/, /--output FILE/],
    },
    'a missing calibration folder': {
      args: () => [demoModel, '--calibration', missing()],
      says: [/there is no folder .*missing/, /--calibration/],
    },
    'an empty calibration folder': {
      args: () => [demoModel, '--calibration', folderWith('nothing', {})],
      says: [/nothing holds no pictures/, /\.jpg/],
    },
    'a calibration folder with texts alone': {
      args: () => [demoModel, '--calibration', folderWith('texts', { 'a.txt': 'text '.repeat(500) })],
      says: [/texts holds no pictures/],
    },
    'nothing but broken pictures to calibrate with': {
      args: () => {
        const picture = readFileSync(sample('circle'));
        const files = {
          'broken.png': picture.subarray(0, picture.length / 2),
          '._broken.png': Buffer.from([0, 5, 22, 7]),
        };
        return [demoModel, '--layers', '1', '--calibration', folderWith('broken', files)];
      },
      says: [/no picture in .* can be opened/, /broken.png is damaged and cannot be decoded/],
    },
  };

  it.each(Object.keys(cases))('%s', async (name) => {
    const { args, code = 2, says } = cases[name] as Case;
    const own = join(folder, 'homes', name);
    const given = args();
    const before = filesIn(folder).filter((file) => !file.startsWith('homes'));
    const ended = await start(['fit', ...given, '--threads', '1'], { home: own }).ended;
    expect(ended.stderr).not.toMatch(/^\s+at .*\.ts:\d+/m);
    for (const said of says) expect(ended.stderr).toMatch(said);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    // nothing beside the model, nothing half-done at home, no result
    expect(filesIn(folder).filter((file) => !file.startsWith('homes'))).toEqual(before);
    expect(unfinished(own)).toEqual([]);
    expect(filesIn(join(own, 'models'))).toEqual([]);
  });

  it('is told as data with --json', async () => {
    const { code, stdout } = await snug('fit', missing(), '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'FILE', message: expect.stringContaining('there is no file') as string },
    });
  });

  it.each(['4 GB', '4GiB', '3.5g', '3,5 GiB', '4294967296'])('is not a budget of %s', async (budget) => {
    const { stderr } = await snug('fit', missing(), '--mmproj', demoMmproj, '--budget', budget);
    expect(stderr).toContain('there is no file');
  });

  it('is a home that cannot be', async () => {
    const own = join(made('a-file', ''), 'home');
    const { code, stderr } = await start(['fit', demoModel, '--layers', '1'], { home: own }).ended;
    expect(stderr).toMatch(/cannot be written: part of its path is a file/);
    expect(stderr).toContain('SNUG_HOME');
    expect(code).toBe(1);
  });
});

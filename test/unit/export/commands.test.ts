import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refitCommand } from '../../../src-main/export/refit-command.ts';
import { pictureCommand, serverCommand } from '../../../src-main/export/run-commands.ts';
import { commandLine, plainName, shellWord } from '../../../src-main/export/shell-words.ts';
import { GgufType } from '../../../src-main/gguf/gguf.ts';
import { someFacts } from '../../helpers/fitted-files.ts';
import { sharedFolder, temporaryFolder } from '../../helpers/temporary-folder.ts';

const names = { model: 'Small-LUQ.gguf', mmproj: 'mmproj-Small-LUQ.gguf' };
const facts = someFacts(sharedFolder());

describe('the commands of llama.cpp', () => {
  const source = join(import.meta.dirname, '../../../.cache/llama.cpp/common/arg.cpp');

  it('load both files with the context and the pictures that were planned for', () => {
    expect(commandLine(serverCommand(names, facts))).toBe(
      'llama-server -m Small-LUQ.gguf --mmproj mmproj-Small-LUQ.gguf -c 4096 --image-max-tokens 1024 --temp 0.2 --host 127.0.0.1 --port 8080',
    );
    expect(commandLine(pictureCommand(names, facts) ?? [])).toBe(
      'llama-mtmd-cli -m Small-LUQ.gguf --mmproj mmproj-Small-LUQ.gguf -c 4096 --image-max-tokens 1024 --temp 0.2 --image picture.jpg -p "What is in this picture?"',
    );
  });

  it('ask nothing about pictures of a model that sees none', () => {
    const blind = { model: 'Small-LUQ.gguf', mmproj: null };
    expect(pictureCommand(blind, facts)).toBeUndefined();
    expect(serverCommand(blind, facts).join(' ')).not.toMatch(/mmproj|image/);
  });

  it.skipIf(!existsSync(source))('have no flag that this llama.cpp does not know for that program', () => {
    const options = readFileSync(source, 'utf8').split('add_opt(').slice(1);
    const knows = (flag: string, program: string) =>
      options.some((option) => {
        if (!option.includes(`"${flag}"`)) return false;
        const programs = /set_examples\((.*?)\)/s.exec(option)?.[1] ?? 'all';
        return programs === 'all' || programs.includes(program) || /COMMON|mmproj_examples/.test(programs);
      });
    const commands = [
      { program: 'LLAMA_EXAMPLE_SERVER', words: serverCommand(names, facts) },
      { program: 'LLAMA_EXAMPLE_MTMD', words: pictureCommand(names, facts) ?? [] },
    ];
    for (const { program, words } of commands) {
      const flags = words.filter((word) => /^--?[a-z]/.test(word));
      expect(flags.length).toBeGreaterThan(4);
      expect(flags.filter((flag) => !knows(flag, program))).toEqual([]);
    }
    expect(knows('--image', 'LLAMA_EXAMPLE_SERVER')).toBe(false);
  });
});

describe('the command that makes a file again', () => {
  it('says everything that was settled, defaults included', () => {
    expect(commandLine(refitCommand(facts, 'Small-LUQ.gguf'))).toBe(
      'snug fit Small-f16.gguf --mmproj mmproj-Small-f16.gguf --budget 4294967297 --plan luq --order entropy ' +
        '--rungs Q4_K_M,IQ1_M --context 4096 --image-tokens 1024 --calibration-tokens 32768 --alpha 0.3 --seed 7 ' +
        '--clusters 100 --threads 4 --output Small-LUQ.gguf',
    );
  });

  it('has the number of layers, the limits and the folder where those were given', () => {
    const { string, float64 } = GgufType;
    const asked = someFacts(temporaryFolder(), {
      'luq.budget.bytes': null,
      'luq.quality.max_kld': [float64, 0.123456789],
      'luq.vision.type': [string, 'Q8_0'],
      'luq.calibration.set': [string, 'My pictures'],
      'luq.source.file': [string, '-odd name.gguf'],
    });
    const command = commandLine(refitCommand(asked, 'again.gguf'));
    expect(command).toContain('--layers 1 ');
    expect(command).not.toContain('--budget');
    expect(command).toContain('--max-kld 0.123456789');
    expect(command).toContain('--vision Q8_0');
    expect(command).toContain('--calibration "My pictures"');
    expect(command).toContain('snug fit "./-odd name.gguf"');
  });
});

describe('a word of a command line', () => {
  it.each([
    ['model.gguf', 'model.gguf'],
    ['Q4_K_M,IQ1_M', 'Q4_K_M,IQ1_M'],
    ['two words', '"two words"'],
    ["it's", String.raw`'it'\''s'`],
    ['$(rm -rf)', "'$(rm -rf)'"],
    ['', "''"],
  ])('%s is written %s', (word, written) => {
    expect(shellWord(word)).toBe(written);
  });
});

describe('a plain name', () => {
  it.each([
    ['Qwen2.5-VL-7B-Instruct-LUQ', 'Qwen2.5-VL-7B-Instruct-LUQ'],
    ['Mein Modell (ü)', 'Mein-Modell-u'],
    ['猫', 'model'],
    ['..hidden', 'hidden'],
    ['$(x) & y', 'x-y'],
  ])('of %s is %s', (name, plain) => {
    expect(plainName(name)).toBe(plain);
  });
});

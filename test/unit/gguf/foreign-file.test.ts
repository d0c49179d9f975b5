import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGguf } from '../../../src-main/gguf/gguf.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

/** A file of some size that begins so. */
function refusalOf(start: Uint8Array | string, bytes = 10_000) {
  const path = join(temporaryFolder(), 'model.gguf');
  const content = Buffer.alloc(Math.max(bytes, start.length), 0xa5);
  content.set(Buffer.from(start as string));
  writeFileSync(path, content);
  return thrown(() => readGguf(path));
}

const exactly = (words: string) => refusalOf(words, 0);

describe('a file that is no GGUF is told by what it is', () => {
  const hex = (digits: string) => Buffer.from(digits, 'hex');
  const safetensors = Buffer.from('\x40\0\0\0\0\0\0\0{"__metadata__":{}}', 'latin1');
  const pytorch = Buffer.from('PK\x03\x04\0\0\0\0archive/data.pkl', 'latin1');
  const tar = Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar')]);

  it.each<[what: string, way: string, start: Uint8Array]>([
    ['a safetensors file', 'convert_hf_to_gguf.py', safetensors],
    ['a PyTorch checkpoint', 'convert_hf_to_gguf.py', pytorch],
    ['a PyTorch checkpoint', 'convert_hf_to_gguf.py', hex('80027d71')],
    ['a ZIP archive', 'Unpack it', hex('504b0304140000000800')],
    ['a gzip archive', 'Unpack it', hex('1f8b0800')],
    ['a 7-Zip archive', 'Unpack it', hex('377abcaf271c')],
    ['a tar archive', 'Unpack it', tar],
    ['GGML, the format that came before GGUF', '.gguf', hex('6c6d676701000000')],
    ['a program', '.gguf', Buffer.from('MZqFpD')],
    ['a picture or document', '.gguf', hex('89504e470d0a1a0a')],
    ['a note that macOS keeps beside a file', 'without “._”', hex('0005160700020000')],
    ['not a GGUF file', '.gguf', hex('a5a5a5a5')],
  ])('%s', (what, way, start) => {
    const error = refusalOf(start);
    expect(error.code).toBe('NOT_GGUF');
    expect(error.message).toContain(what);
    expect(error.advice).toContain(way);
    expect(error.advice).not.toContain('again');
  });

  it('a web page', () => {
    const error = exactly('<!DOCTYPE html>\n<html class=""><head><title>Qwen2.5-VL</title>');
    expect(error.message).toContain('a web page');
    expect(error.advice).toContain('download link');
  });

  it('a Git LFS pointer, with the size of the file that it stands for', () => {
    const error = exactly(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 15237853184\n`,
    );
    expect(error.message).toMatch(
      /a Git LFS pointer: a note of 1\d\d bytes in the place of a file of 14\.19 GiB/,
    );
    expect(error.advice).toContain('git lfs pull');
  });

  it('what a server said instead, as it may stand in a terminal', () => {
    const error = exactly('Invalid username\u001b[2J or password.');
    expect(error.message).toContain('begins with “Invalid username');
    expect(error.message).not.toContain('\u001b');
    expect(error.advice).toContain('download it again');
  });

  it('a download that has not begun, or has not come to the beginning', () => {
    expect(exactly('').message).toContain('is empty');
    const zeros = refusalOf(Buffer.alloc(10_000));
    expect(zeros.message).toContain('begins with zeros');
    expect(zeros.advice).toContain('Wait for the download');
  });

  it('a download of Snug’s under another name', () => {
    // as many tensors as make it look like a safetensors file
    const begun = refusalOf(Buffer.from('0000000003000000' + '7b00000000000000' + '55'.repeat(1000), 'hex'));
    expect(begun.message).toContain('has not ended');
    expect(begun.advice).toContain('.part');
  });
});

import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashFile } from '../../../src-main/files/hash.ts';
import { SteppedHash } from '../../../src-main/files/stepped-hash.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

function fileOf(bytes: number): string {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(
    path,
    Uint8Array.from({ length: bytes }, (_, i) => i % 251),
  );
  return path;
}

it('comes out the same however it is cut into steps', async () => {
  const path = fileOf(3_000_001);
  const whole = await hashFile(path);
  for (const bytes of [1_000_000, 1 << 20, 3_000_001, 10_000_000]) {
    using hash = new SteppedHash(path);
    let found = hash.step(bytes);
    for (let steps = 0; found === null && steps < 10; steps++) found = hash.step(bytes);
    expect(found).toBe(whole);
    expect(hash.stamp.bytes).toBe(3_000_001);
  }
});

it('of a file that changes between two steps is none', () => {
  const path = fileOf(2_000_000);
  using hash = new SteppedHash(path);
  expect(hash.step(1_000_000)).toBeNull();
  appendFileSync(path, 'x');
  expect(thrown(() => hash.step(10_000_000))).toMatchObject({ code: 'FILE', path });
});

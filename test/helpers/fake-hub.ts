import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { CancelledError, SnugError } from '../../src-main/contract/errors.ts';
import type { Fetching, HubListing, HubPort, Parts } from '../../src-main/services/downloads/hub-port.ts';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Where a fake hub keeps what is not whole. */
export const fakeParts: Parts = {
  of: (target) => [`${target}.part`],
  bytes: (target) => statSync(`${target}.part`, { throwIfNoEntry: false })?.size ?? 0,
};

/** A hub of files in memory, which writes them byte by byte and stops where a test says. */
export class FakeHub implements HubPort {
  readonly address = 'https://huggingface.co';
  commit = 'c'.repeat(40);
  /** bytes that were sent in all */
  sent = 0;
  /** what happens before the next byte */
  before: (fetching: Fetching, done: number) => Promise<void> = () => Promise.resolve();
  readonly files = new Map<string, Buffer>();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(files)) this.files.set(path, Buffer.from(text));
  }

  async list(_repository: string, revision: string, signal: AbortSignal): Promise<HubListing> {
    await Promise.resolve();
    if (signal.aborted) throw new CancelledError();
    const files = [...this.files].map(([path, bytes]) => ({
      path,
      bytes: bytes.length,
      sha256: sha256(bytes),
    }));
    return { commit: /^[0-9a-f]{40}$/.test(revision) ? revision : this.commit, files };
  }

  async fetch(fetching: Fetching): Promise<string> {
    const { file, target, signal, onBytes, onState } = fetching;
    const bytes = this.files.get(file.path);
    if (!bytes) throw new SnugError('NOT_FOUND', 'gone');
    const part = `${target}.part`;
    for (let done = fakeParts.bytes(target); done < bytes.length; done++) {
      await this.before(fetching, done);
      if (signal.aborted) throw new CancelledError();
      appendFileSync(part, bytes.subarray(done, done + 1));
      this.sent++;
      onBytes(done + 1);
    }
    onState('verifying');
    await Promise.resolve();
    if (existsSync(part)) renameSync(part, target);
    return sha256(readFileSync(target));
  }
}

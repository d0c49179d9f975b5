import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KeptAnswers } from '../../../src-main/evaluate/kept-answers.ts';
import { LogFile } from '../../../src-main/files/log-file.ts';
import { Bank } from '../../../src-main/luq/quantize/bank.ts';
import { makeFolder, writeFileAtomically } from '../../../src-main/files/durable-files.ts';
import { AS_USUAL, modesAt, PRIVATE, protectHome } from '../../../src-main/files/private-files.ts';
import { openWorkspace } from '../../../src-main/fit/workspace.ts';
import { takeLock } from '../../../src-main/store/lock.ts';
import { writeSidecar } from '../../../src-main/models/sidecar.ts';
import { tensorTypeId } from '../../../src-main/gguf/tensor-types.ts';
import { openStore } from '../../../src-main/store/database.ts';
import { MIGRATIONS } from '../../../src-main/store/migrations/index.ts';
import { openToOthers } from '../../helpers/open-to-others.ts';
import { ggufTensor } from '../../helpers/small-models.ts';
import { answering, options, pictureNamed } from '../../helpers/store-parts.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

/** The tests' own files are made with every right, so that only what is asked for closes them. */
function withUmask(umask: number): void {
  const before = process.umask(umask);
  onTestFinished(() => void process.umask(before));
}

const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8);

function homeOfBefore(): string {
  withUmask(0o022);
  const home = join(temporaryFolder(), 'home');
  for (const folder of ['pictures', 'work/0123456789abcdef/bank/key', 'models']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  for (const file of [
    'snug.db',
    'pictures/a',
    'work/model-files.db',
    'work/0123456789abcdef/bank/key/index',
  ]) {
    writeFileSync(join(home, file), 'x');
  }
  return home;
}

// Windows has no modes; a person's own folders are closed to others by its own rules
describe.runIf(platform() !== 'win32')("Snug's home", () => {
  it('is the person’s alone, whatever is written there and whatever their umask', async () => {
    withUmask(0);
    const home = join(temporaryFolder(), 'home');
    openStore(home).close();
    using store = openStore(home, [...MIGRATIONS, { version: 99, apply: () => undefined }]);
    store.pictures.add(pictureNamed('boat'));
    const { id } = store.conversations.create({ modelId: null, options, title: 'Boats' });
    store.conversations.appendText(store.conversations.addAnswer(id, answering).id, 'a boat');
    new LogFile(join(home, 'logs', 'snug.log')).write('start');
    writeFileAtomically(join(home, 'window.json'), '{}');
    const workspace = openWorkspace(home, 'a'.repeat(64));
    using _lock = takeLock(workspace.lock, 'testing');
    const tensor = ggufTensor({ name: 'blk.0.attn_q.weight', shape: [256, 4] });
    const bank = new Bank(workspace.bank, 'key');
    bank.begin(tensor, tensorTypeId('Q4_K'));
    await bank.add(tensor, tensorTypeId('Q4_K'));
    using _kept = KeptAnswers.open(join(home, 'work', 'evaluate', 'a.jsonl'));
    makeFolder(join(home, 'models'));
    writeSidecar(join(home, 'models', 'a.gguf'), { samples: [] });
    const written = readdirSync(home, { recursive: true });
    expect(written).toEqual(expect.arrayContaining(['snug.db-wal', 'snug.db-shm', 'snug.db.before-99']));
    expect(written.length).toBeGreaterThan(18);
    expect(openToOthers(home)).toEqual([]);
  });

  it('that an earlier Snug left open to others is closed when it is opened', () => {
    const home = homeOfBefore();
    writeFileSync(join(home, 'models', 'tool'), '', { mode: 0o755 });
    expect(openToOthers(home).length).toBeGreaterThan(9);
    protectHome(home);
    expect(openToOthers(home)).toEqual([]);
    expect(modeOf(join(home, 'models', 'tool'))).toBe('700');
    chmodSync(home, 0o755);
    writeFileSync(join(home, 'snug.db'), '');
    chmodSync(join(home, 'snug.db'), 0o644);
    openStore(home).close();
    expect(openToOthers(home)).toEqual([]);
  });

  it('is not left by a link: what it points to stays as it was', () => {
    const home = homeOfBefore();
    const outside = temporaryFolder();
    chmodSync(outside, 0o755);
    writeFileSync(join(outside, 'shared'), 'x');
    symlinkSync(outside, join(home, 'models', 'elsewhere'));
    symlinkSync(join(outside, 'shared'), join(home, 'shared'));
    symlinkSync(home, join(home, 'work', 'round'));
    linkSync(join(outside, 'shared'), join(home, 'models', 'second-name.gguf'));
    protectHome(home);
    expect(modeOf(outside)).toBe('755');
    expect(modeOf(join(outside, 'shared'))).toBe('644');
    expect(modeOf(join(home, 'models'))).toBe('700');
  });

  it('may itself be a link', () => {
    const home = homeOfBefore();
    const link = join(temporaryFolder(), 'link');
    symlinkSync(home, link);
    protectHome(link);
    expect(openToOthers(home)).toEqual([]);
  });

  it('in a folder that others use too leaves that and what is not Snug’s as it was', () => {
    const home = homeOfBefore();
    writeFileSync(join(home, 'letter.txt'), '');
    chmodSync(home, 0o1777);
    protectHome(home);
    expect(modeOf(home)).toBe('1777');
    expect(modeOf(join(home, 'letter.txt'))).toBe('644');
    expect(modeOf(join(home, 'snug.db'))).toBe('600');
    expect(openToOthers(join(home, 'work'))).toEqual([]);
  });

  it('of ten thousand files is closed, and one that is missing or a file stops nothing', () => {
    const home = homeOfBefore();
    for (let i = 0; i < 10_000; i++) writeFileSync(join(home, 'pictures', `p${i}`), '');
    protectHome(home);
    expect(openToOthers(home)).toEqual([]);
    expect(() => protectHome(join(home, 'nothing'))).not.toThrow();
    expect(() => protectHome(join(home, 'snug.db'))).not.toThrow();
  });

  it('is where files are closed; what a person has written elsewhere follows their umask', () => {
    withUmask(0o027);
    const folder = temporaryFolder();
    const home = join(folder, 'home');
    expect(modesAt(join(home, 'models', 'a.gguf'), home)).toBe(PRIVATE);
    expect(modesAt(join(folder, 'a.gguf'), home)).toBe(AS_USUAL);
    mkdirSync(join(home, 'models'), { recursive: true });
    symlinkSync(join(home, 'models'), join(folder, 'link'));
    expect(modesAt(join(folder, 'link', 'a.gguf'), home)).toBe(PRIVATE);
    const path = join(folder, 'new', 'report.json');
    writeFileAtomically(path, '{}', modesAt(path, home));
    expect(modeOf(path)).toBe('640');
    expect(modeOf(join(folder, 'new'))).toBe('750');
  });

  it('is no measure for a sidecar, which may be read by whoever may read its model', () => {
    const model = join(temporaryFolder(), 'a.gguf');
    writeFileSync(model, '');
    chmodSync(model, 0o644);
    withUmask(0o022);
    writeSidecar(model, { samples: [] });
    expect(statSync(`${model}.snug.json`).mode & 0o777).toBe(0o644);
  });
});

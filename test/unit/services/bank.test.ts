import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkspace } from '../../../src-main/fit/workspace.ts';
import { takeLock } from '../../../src-main/store/lock.ts';
import { Activity } from '../../../src-main/services/activity.ts';
import { BankFolders } from '../../../src-main/services/bank.ts';
import { EventBus } from '../../../src-main/services/event-bus.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { thrown } from '../../helpers/thrown.ts';

function bankOfTwo() {
  const home = temporaryFolder();
  const workspaces = ['a', 'b'].map((letter) => openWorkspace(home, letter.repeat(64)));
  for (const { bank } of workspaces) writeFileSync(join(bank, 'block'), new Uint8Array(10));
  const activity = new Activity(new EventBus());
  const bank = new BankFolders(home, activity);
  return { home, workspaces, activity, bank };
}

describe('what fits keep', () => {
  it('is deleted when asked for, and nothing else', () => {
    const { home, workspaces, bank } = bankOfTwo();
    const answers = join(home, 'work', 'evaluate', 'a.jsonl');
    mkdirSync(join(home, 'work', 'evaluate'));
    writeFileSync(answers, 'answers of hours');
    expect(bank.clean()).toBe(20);
    for (const { folder, lock } of workspaces) expect([folder, lock].filter(existsSync)).toEqual([]);
    expect(existsSync(answers)).toBe(true);
    expect(bank.sources()).toEqual([]);
  });

  it('stays, all of it, while a fit runs here', () => {
    const { activity, bank } = bankOfTwo();
    {
      using _fit = activity.use('fit', '/models/another.gguf');
      const error = thrown(() => bank.clean());
      expect([error.code, error.message]).toEqual(['BUSY', 'a fit is using what would be deleted']);
      expect(bank.bytes).toBe(20);
    }
    expect(bank.clean()).toBe(20);
  });

  it('stays, all of it, while a fit in a terminal works with some of it', () => {
    const { workspaces, bank } = bankOfTwo();
    using _fit = takeLock(workspaces[1]?.lock ?? '', 'fitting');
    expect(thrown(() => bank.clean()).code).toBe('BUSY');
    expect(bank.bytes).toBe(20);
  });
});

it('copies to calibrate with that killed fits left go, and one that a running fit has stays', () => {
  const { workspaces, bank } = bankOfTwo();
  for (const { copy } of workspaces) writeFileSync(copy, 'half a copy');
  using _fit = takeLock(workspaces[1]?.lock ?? '', 'fitting');
  bank.dropCopies();
  expect(workspaces.map(({ copy }) => existsSync(copy))).toEqual([false, true]);
  expect(bank.bytes).toBe(20 + 'half a copy'.length);
});

import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { containerMemory, containerProcessors } from '../../../src-main/profile/container.ts';

const MiB = 2 ** 20;
const machine = 16 * 2 ** 30;
const NONE = '9223372036854771712';

const of = (files: Readonly<Record<string, string>>) => containerMemory(machine, (path) => files[path]);

// elsewhere there are no such groups, and nothing is read
describe.runIf(process.platform === 'linux')('memory that a container leaves', () => {
  it('is the limit less what is used; pages of files that were read can be had again', () => {
    const limit = of({
      '/proc/self/cgroup': '0::/app\n',
      '/sys/fs/cgroup/app/memory.max': String(600 * MiB),
      '/sys/fs/cgroup/app/memory.high': 'max',
      '/sys/fs/cgroup/app/memory.current': String(500 * MiB),
      '/sys/fs/cgroup/app/memory.stat': `anon 1\ninactive_file ${100 * MiB}\nactive_file ${300 * MiB}\n`,
    });
    expect(limit).toEqual({ limitBytes: 600 * MiB, freeBytes: 500 * MiB });
  });

  it('is the narrowest of a group and those around it', () => {
    const limit = of({
      '/proc/self/cgroup': '0::/outer/inner/own\n',
      '/sys/fs/cgroup/outer/inner/own/memory.max': 'max',
      '/sys/fs/cgroup/outer/inner/memory.max': String(900 * MiB),
      '/sys/fs/cgroup/outer/inner/memory.current': String(100 * MiB),
      '/sys/fs/cgroup/outer/memory.max': String(1000 * MiB),
      '/sys/fs/cgroup/outer/memory.current': String(950 * MiB),
    });
    expect(limit).toEqual({ limitBytes: 900 * MiB, freeBytes: 50 * MiB });
  });

  it('is also where a group is only slowed down beyond it', () => {
    const limit = of({
      '/proc/self/cgroup': '0::/app\n',
      '/sys/fs/cgroup/app/memory.max': 'max',
      '/sys/fs/cgroup/app/memory.high': String(300 * MiB),
    });
    expect(limit?.limitBytes).toBe(300 * MiB);
  });

  it('is found in the older hierarchy', () => {
    const limit = of({
      '/proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/docker/1f\n0::/\n',
      '/sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes': String(600 * MiB),
      '/sys/fs/cgroup/memory/docker/1f/memory.usage_in_bytes': String(200 * MiB),
      '/sys/fs/cgroup/memory/docker/1f/memory.stat': `total_inactive_file ${50 * MiB}\n`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': NONE,
    });
    expect(limit).toEqual({ limitBytes: 600 * MiB, freeBytes: 450 * MiB });
  });

  it('is found where the container sees its group as the root', () => {
    const limit = of({
      '/proc/self/cgroup': '4:memory:/docker/1f\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': String(600 * MiB),
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': String(700 * MiB),
    });
    expect(limit).toEqual({ limitBytes: 600 * MiB, freeBytes: 0 });
  });

  it.each([
    ['no group', {}],
    ['a group without a limit', { '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/memory.max': 'max' }],
    [
      'a limit above what the machine has',
      { '/proc/self/cgroup': '4:memory:/a\n', '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': NONE },
    ],
    ['a group of another kind', { '/proc/self/cgroup': '8:pids:/a\n', '/sys/fs/cgroup/memory.max': '1' }],
  ])('is all there is with %s', (_, files) => {
    expect(of(files)).toBeUndefined();
  });
});

describe.runIf(process.platform === 'linux')('processors that a container leaves', () => {
  const processors = (files: Readonly<Record<string, string>>) => containerProcessors((path) => files[path]);

  it.each([
    ['200000 100000', 2],
    ['150000 100000', 1],
    ['50000 100000', 1],
    ['max 100000', undefined],
  ])('cpu.max %s: %s', (max, expected) => {
    expect(processors({ '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/cpu.max': max })).toBe(expected);
  });

  it('are the fewest of a group and those around it, also in the older hierarchy', () => {
    const files = {
      '/proc/self/cgroup': '3:cpu,cpuacct:/a/b\n',
      '/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us': '-1',
      '/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us': '100000',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '300000',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000',
    };
    expect(processors(files)).toBe(3);
  });
});

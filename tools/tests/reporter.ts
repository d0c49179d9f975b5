import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const SLOWEST = 10;

/** Says at the end which files took longest. */
export default class Slowest implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= 1) return;
    const files = modules
      .map((module) => ({
        name: relative(process.cwd(), module.moduleId),
        project: module.project.name,
        seconds: durationOf(module) / 1000,
      }))
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST);
    process.stdout.write(`\n The slowest files:\n`);
    for (const { name, project, seconds } of files)
      process.stdout.write(` ${seconds.toFixed(1).padStart(7)} s  ${project}  ${name}\n`);
  }
}

/** Tests and hooks, with what it took to load the file. */
function durationOf(module: TestModule): number {
  const { collectDuration, duration, setupDuration } = module.diagnostic();
  return collectDuration + duration + setupDuration;
}

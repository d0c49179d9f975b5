import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const SLOWEST = 10;
/** How long a test is waited for in silence. */
const SILENCE_MS = 20_000;

/** Says which tests are being waited for, and at the end which files took longest. */
export default class Waiting implements Reporter {
  readonly #running = new Map<string, { name: string; since: number }>();
  #timer: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.#tell(), SILENCE_MS).unref();
  }

  onTestCaseReady(test: TestCase): void {
    this.#running.set(test.id, { name: `${fileOf(test.module)} › ${test.fullName}`, since: Date.now() });
  }

  onTestCaseResult(test: TestCase): void {
    this.#running.delete(test.id);
  }

  /** A file that ends takes its tests with it, also one whose end was not told. */
  onTestModuleEnd(module: TestModule): void {
    for (const { id } of module.children.allTests()) this.#running.delete(id);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    clearInterval(this.#timer);
    const files = modules
      .map((module) => ({ name: fileOf(module), project: module.project.name, ms: durationOf(module) }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, SLOWEST);
    if (modules.length <= 1) return;
    process.stdout.write(`\n The slowest files:\n`);
    for (const { name, project, ms } of files)
      process.stdout.write(` ${(ms / 1000).toFixed(1).padStart(7)} s  ${project}  ${name}\n`);
  }

  #tell(): void {
    const now = Date.now();
    for (const { name, since } of this.#running.values()) {
      const seconds = Math.round((now - since) / 1000);
      if (now - since >= SILENCE_MS) process.stdout.write(` … ${seconds} s in ${name}\n`);
    }
  }
}

function fileOf(module: TestModule): string {
  return relative(process.cwd(), module.moduleId);
}

/** Tests and hooks, with what it took to load the file. */
function durationOf(module: TestModule): number {
  const { collectDuration, duration, setupDuration } = module.diagnostic();
  return collectDuration + duration + setupDuration;
}

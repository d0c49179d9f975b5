import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { recordedVariant } from './test/helpers/cpu-variants.ts';
import { memoryFolder } from './test/helpers/memory-folder.ts';
import { mockingTests } from './test/helpers/mocking-tests.ts';

// what a test doesn't give a home keeps nothing in the person's own
process.env['SNUG_HOME'] ??= join(import.meta.dirname, '.cache', 'test-home');
// each process that a test starts would strip the types of all its modules again
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.cache', 'compiled');
// each test has a home of its own, and each process would build ggml's tables of the low-bit types: up to half a minute
process.env['SNUG_QUANTIZERS'] ??= join(import.meta.dirname, '.cache', 'quantizers.json');

const MODEL_TESTS = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  setupFiles: ['test/helpers/one-core.ts', 'test/helpers/waiting.ts'],
  globalSetup: ['test/helpers/write-short-demo.ts'],
};

// each CPU variant sums in an order of its own: what is held against recordings computes with the one that was recorded
const variant = process.env['SNUG_CPU_VARIANT'] ?? recordedVariant();
const asRecorded = variant === undefined ? {} : { SNUG_CPU_VARIANT: variant };

const UNIT_TESTS = {
  testTimeout: 30_000,
  globalSetup: ['test/helpers/memory-folder.ts'],
  env: memoryFolder === undefined ? {} : { TMPDIR: memoryFolder },
};
/** One process reads each module once for all its files: half of what unit tests took was reading the same modules again. */
const IN_ONE_PROCESS = { ...UNIT_TESTS, isolate: false, unstubEnvs: true, unstubGlobals: true };
/** What these put in the place of a module other files would meet, too. */
const mocking = mockingTests('test/unit');

export default defineConfig({
  test: {
    // integration tests load the addon and start workers: a process each, as in the app
    pool: 'forks',
    reporters: ['default', './tools/tests/reporter.ts'],
    setupFiles: ['test/helpers/no-leaks.ts'],
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**', ...mocking],
          ...IN_ONE_PROCESS,
        },
      },
      {
        extends: true,
        test: { name: 'unit-mocking', include: mocking, ...UNIT_TESTS },
      },
      {
        extends: true,
        // state classes hold runes, which are no JavaScript before Svelte has compiled them
        plugins: [svelte({ configFile: false })],
        test: { name: 'renderer', include: ['test/unit/renderer/**/*.test.ts'], ...IN_ONE_PROCESS },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: ['test/integration/native/**'],
          env: asRecorded,
          ...MODEL_TESTS,
        },
      },
      {
        extends: true,
        // with the variant that the app loads here; vitest.long.config.ts runs them with every other one, too
        test: {
          name: 'native',
          include: ['test/integration/native/**/*.test.ts'],
          ...MODEL_TESTS,
          // a process builds the tables of the low-bit types once: fifteen seconds that each file took
          isolate: false,
          unstubEnvs: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...MODEL_TESTS,
          globalSetup: [...MODEL_TESTS.globalSetup, 'test/e2e/build.ts'],
          // a whole fit and two starts of the app, beside whatever else the machine does
          testTimeout: 400_000,
        },
      },
    ],
  },
});

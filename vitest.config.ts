import { availableParallelism } from 'node:os';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { recordedVariant } from './test/helpers/cpu-variants.ts';

const MODEL_TESTS = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  setupFiles: ['test/helpers/one-core.ts', 'test/helpers/waiting.ts'],
  globalSetup: ['test/helpers/write-short-demo.ts'],
};

// each CPU variant sums in an order of its own: what is held against recordings computes with the one that was recorded
const variant = process.env['SNUG_CPU_VARIANT'] ?? recordedVariant();
const asRecorded = variant === undefined ? {} : { SNUG_CPU_VARIANT: variant };

export default defineConfig({
  test: {
    // integration tests load the addon and start workers: a process each, as in the app
    pool: 'forks',
    reporters: ['default', './tools/tests/reporter.ts'],
    maxWorkers: availableParallelism(),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        // state classes hold runes, which are no JavaScript before Svelte has compiled them
        plugins: [svelte({ configFile: false })],
        test: { name: 'renderer', include: ['test/unit/renderer/**/*.test.ts'], testTimeout: 30_000 },
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
        test: { name: 'native', include: ['test/integration/native/**/*.test.ts'], ...MODEL_TESTS },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...MODEL_TESTS,
          globalSetup: [...MODEL_TESTS.globalSetup, 'test/e2e/build.ts'],
          testTimeout: 240_000,
        },
      },
    ],
  },
});

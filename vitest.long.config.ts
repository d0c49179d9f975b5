import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { runnableVariants } from './test/helpers/cpu-variants.ts';

// as in vitest.config.ts
process.env['SNUG_HOME'] ??= join(import.meta.dirname, '.cache', 'test-home');
process.env['SNUG_QUANTIZERS'] ??= join(import.meta.dirname, '.cache', 'quantizers.json');

/** The campaigns: what takes too long for every change. `npm run test:long`, or one by the name of its project. */
export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', './tools/tests/reporter.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    setupFiles: ['test/helpers/waiting.ts'],
    globalSetup: ['test/helpers/write-short-demo.ts'],
    projects: [
      { extends: true, test: { name: 'long', include: ['test/long/**/*.test.ts'] } },
      ...runnableVariants().map((variant) => ({
        extends: true as const,
        test: {
          name: `native ${variant}`,
          include: ['test/integration/native/**/*.test.ts'],
          env: { SNUG_CPU_VARIANT: variant },
          isolate: false,
          unstubEnvs: true,
        },
      })),
    ],
  },
});

import { defineConfig } from 'vitest/config';
import { runnableVariants } from './test/helpers/cpu-variants.ts';

/** The campaigns: what takes too long for every change. `npm run test:long`, or one by the name of its project. */
export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    projects: [
      { extends: true, test: { name: 'long', include: ['test/long/**/*.test.ts'] } },
      ...runnableVariants().map((variant) => ({
        extends: true as const,
        test: {
          name: `native ${variant}`,
          include: ['test/integration/native/**/*.test.ts'],
          env: { SNUG_CPU_VARIANT: variant },
        },
      })),
    ],
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // integration tests load the addon and start workers: a process each, as in the app
    pool: 'forks',
    // two model processes at a time on two cores; more would only take turns
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});

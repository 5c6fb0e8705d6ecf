import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is waited for comes soon on a machine that is free, and some time on one that is not.
    expect: { poll: { timeout: 10_000 } },
    // Most tests wait on loopback sockets rather than compute, so a few more workers than cores pay off.
    maxWorkers: 3,
    // No test file leaves anything behind that another could stumble over; a worker for each would cost as much as the tests.
    isolate: false,
  },
});

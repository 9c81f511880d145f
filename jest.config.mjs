// `npm test` compiles to build/ first; jest runs tsc's own ES modules, with no transformer between.
export default {
  testEnvironment: 'node',
  transform: {},
  roots: ['<rootDir>/build'],
  testMatch: ['<rootDir>/build/test/**/*.test.js'],
  testPathIgnorePatterns: [
    ...(process.env.PROTEM_STACK === '1' ? [] : ['<rootDir>/build/test/stack/']),
    ...(process.env.PROTEM_LIVE === '1' ? [] : ['<rootDir>/build/test/live/']),
    ...(process.env.PROTEM_FAULTS === '1' ? [] : ['<rootDir>/build/test/faults/']),
  ],
  globalSetup: '<rootDir>/build/test/setup/start-backends.js',
  globalTeardown: '<rootDir>/build/test/setup/stop-backends.js',
  maxWorkers: 2,
  workerIdleMemoryLimit: '512MB',
  testTimeout: process.env.PROTEM_STACK === '1' || process.env.PROTEM_FAULTS === '1' ? 60_000 : 20_000,
};

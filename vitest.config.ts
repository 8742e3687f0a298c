import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: '@balsa/proto/grpc-code', replacement: source('proto/src/grpc-code.ts') },
      { find: /^@balsa\/proto\/([\w-]+)$/, replacement: source('proto/src/generated/$1.ts') },
      { find: /^@balsa\/(\w+)$/, replacement: source('$1/src/index.ts') },
      { find: /^@balsa\/(\w+)\/(\w+)$/, replacement: source('$1/src/$2/index.ts') },
      { find: /^balsa$/, replacement: source('balsa/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    // Faster to start than processes on two cores. Tests that need a process of their own start one.
    pool: 'threads',
    // All of them: on two cores the default is one worker, and half of the machine idle.
    maxWorkers: '100%',
    testTimeout: 60_000,
  },
})

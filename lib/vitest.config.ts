import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Root and peer tests need a root Linux host; without one the rest still runs, and says what it left out.
const root = process.platform === 'linux' && process.getuid?.() === 0
const needsRoot = ['lib/**/*.root.test.ts', 'lib/**/*.peer.test.ts']
if (!root) console.warn(`not root on Linux: leaving out ${needsRoot.join(' and ')} (use sudo, or the lab VM)`)

// biome-ignore lint/style/noDefaultExport: vitest wants its configuration so
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['lib/**/*.test.ts'],
    exclude: root ? [] : needsRoot,
    globalSetup: root ? ['lib/network/testLeftovers.ts'] : [],
    pool: 'forks',
    maxWorkers: 2,
    // On a busy machine a daemon or a container can be too late once: CI asks again, twice at most, and its report says so.
    retry: process.env.CI ? 2 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})

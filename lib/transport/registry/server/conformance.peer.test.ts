import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ServerOptions, startRegistry } from './server.ts'
import { goProgram, runProgram } from './testPrograms.ts'

// The distribution-spec project's own tests: those of the day of version 1.1, and today's, for 1.1 and for the draft after it.

const folder = mkdtempSync(join(tmpdir(), 'ocilab-conformance-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const credentials = { OCI_USERNAME: 'learner', OCI_PASSWORD: 'hello-oci' }
const users = { [credentials.OCI_USERNAME]: credentials.OCI_PASSWORD }

describe.each<[string, ServerOptions, NodeJS.ProcessEnv, { versions: string[]; skipped: number }]>([
  ['in memory', {}, {}, { versions: ['1.1', 'dev'], skipped: 0 }],
  ['in a folder', { root: join(folder, 'open') }, {}, { versions: ['1.1'], skipped: 0 }],
  ['in memory, with passwords', { users, scheme: 'basic' }, credentials, { versions: ['1.1'], skipped: 0 }],
  // A token for one repository opens no other: there, and there only, an anonymous mount is an upload.
  [
    'in a folder, with tokens',
    { root: join(folder, 'tokens'), users },
    { ...credentials, OCI_CACHE_AUTH: 'false' },
    { versions: ['1.1'], skipped: 2 },
  ],
])('a registry %s', (_name, options, auth, { versions, skipped }) => {
  it.each(versions)('passes the tests of version %s', async version => {
    const registry = await startRegistry(options)
    try {
      const { status, stdout } = await runProgram(goProgram('conformance'), [], {
        cwd: mkdtempSync(join(folder, 'results-')),
        env: {
          ...auth,
          OCI_VERSION: version,
          OCI_REGISTRY: registry.host,
          OCI_TLS: 'disabled',
          OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
          OCI_API_BLOBS_DIGEST_HEADER: 'true',
          OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
        },
      })
      const count = (word: string) => Number(new RegExp(`^ +${word}\\.+: +(\\d+)`, 'm').exec(stdout)?.[1])
      expect({ status, failed: count('FAIL'), errors: count('Error'), skipped: count('Skip') }, stdout).toEqual({
        status: 0,
        failed: 0,
        errors: 0,
        skipped,
      })
      expect(count('Pass')).toBeGreaterThan(700)
    } finally {
      await registry.close()
    }
  })

  it('passes all four workflows of the tests of 1.1’s day', async () => {
    const registry = await startRegistry(options)
    try {
      const { status, stdout } = await runProgram(goProgram('conformance-1.1'), ['--ginkgo.no-color'], {
        cwd: mkdtempSync(join(folder, 'results-')),
        env: {
          ...auth,
          OCI_ROOT_URL: registry.url,
          OCI_NAMESPACE: 'conformance/a',
          OCI_CROSSMOUNT_NAMESPACE: 'conformance/b',
          OCI_AUTOMATIC_CROSSMOUNT: '1',
          OCI_TEST_PULL: '1',
          OCI_TEST_PUSH: '1',
          OCI_TEST_CONTENT_DISCOVERY: '1',
          OCI_TEST_CONTENT_MANAGEMENT: '1',
          OCI_REPORT_DIR: 'none',
        },
      })
      const [, passed, failed] = /(\d+) Passed \| (\d+) Failed/.exec(stdout) ?? []
      expect({ status, failed }, stdout).toEqual({ status: 0, failed: '0' })
      expect(Number(passed)).toBeGreaterThanOrEqual(74)
    } finally {
      await registry.close()
    }
  })
})

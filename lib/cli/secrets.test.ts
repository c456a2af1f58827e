import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningRegistry, startRegistry } from '../transport/registry/server/server.ts'
import { testFolder } from '../transport/testImages.ts'

// A password that is given to a verb is seen by nobody but the registry: not in its results, its progress, its traces,
// its errors, not even in those with a stack, and not in a transcript.
const CANARY = 'xq7canary9password'
const BASIC = Buffer.from(`user:${CANARY}`).toString('base64')
const cli = fileURLToPath(new URL('ocilab.ts', import.meta.url))
const folder = testFolder()
let registry: RunningRegistry
beforeAll(async () => {
  registry = await startRegistry()
})
afterAll(() => registry.close())

function said(args: string[]): Promise<string> {
  const env = { ...process.env, OCILAB_DEBUG: '1', DOCKER_CONFIG: join(folder, 'docker'), REGISTRY_AUTH_FILE: '' }
  return new Promise(resolve => {
    const child = execFile(process.execPath, [cli, ...args], { cwd: folder, env }, (_, out, err) => resolve(out + err))
    child.stdin!.end(CANARY)
  })
}

describe.each(['nobody there', 'a registry that knows no such image'])('%s', where => {
  it.each([
    ['copy', ['copy', 'docker://HOST/x', 'dir:out']],
    ['pull', ['pull', 'docker://HOST/x', 'oci:out']],
    ['push', ['push', 'oci:none', 'docker://HOST/x']],
    ['inspect', ['inspect', 'docker://HOST/x']],
    ['tags', ['tags', 'docker://HOST/x']],
    ['delete', ['delete', 'docker://HOST/x:y']],
    ['unpack', ['unpack', 'docker://HOST/x', 'out']],
    ['export', ['export', 'docker://HOST/x', '-o', 'out.tar']],
    ['save', ['save', 'docker://HOST/x', '-o', 'out.tar']],
    ['flatten', ['flatten', 'docker://HOST/x', 'oci:out:v0']],
    ['mutate', ['mutate', 'docker://HOST/x', 'oci:out:v0']],
  ])('%s keeps its password', async (verb, args) => {
    const host = where === 'nobody there' ? '127.0.0.1:1' : registry.host
    const transcript = join(folder, `${verb}.json`)
    const flags = ['--trace', '--tls-verify=false', '--creds', `user:${CANARY}`, '--transcript', transcript]
    const text = await said([...args.map(it => it.replace('HOST', host)), ...flags])
    expect(text).not.toBe('')
    for (const secret of [CANARY, BASIC]) {
      expect(text).not.toContain(secret)
      expect(readIfThere(transcript)).not.toContain(secret)
    }
  })

  it('login keeps it in its own file only', async () => {
    const host = where === 'nobody there' ? '127.0.0.1:1' : registry.host
    const text = await said(['login', host, '-u', 'user', '--password-stdin', '--tls-verify=false'])
    for (const secret of [CANARY, BASIC]) expect(text).not.toContain(secret)
  })
})

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

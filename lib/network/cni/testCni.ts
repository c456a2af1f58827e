import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OpenNetns } from '../netns.ts'

// As it is built: a program that is compiled at each call takes ten times as long, and here are hundreds of calls.
const OCILAB = fileURLToPath(new URL('../../../dist/cli/ocilab.js', import.meta.url))
/** What set-up has built from Go's module proxy: cnitool and the real plugins. */
const GO = fileURLToPath(new URL('../../../.go/bin', import.meta.url))

/** Who runs the plugins. */
export const RUNTIMES = { ocilab: [process.execPath, OCILAB, 'cni'], cnitool: [join(GO, 'cnitool')] } as const
export type RuntimeName = keyof typeof RUNTIMES

export interface Ended {
  status: number
  out: string
  err: string
}

/** A machine's /var/lib/cni and /etc/cni/net.d for a test alone, and our plugins beside the real ones. */
export function testCni(host: OpenNetns) {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-cni-'))
  const at = (name: string) => join(folder, name)
  for (const name of ['net.d', 'lib', 'run']) mkdirSync(at(name))
  execFileSync(process.execPath, [OCILAB, 'cni', 'plugins', at('ours')])
  const plugins = { ours: at('ours'), real: GO }
  const run = (command: readonly string[], env: Record<string, string>): Promise<Ended> =>
    new Promise(resolve => {
      const own = (dir: string, path: string) => `mkdir -p ${path} && mount --bind '${at(dir)}' ${path}`
      const script = `${own('lib', '/var/lib/cni')} && ${own('run', '/run/ocilab')} && exec nsenter --net='${host.path}' "$@"`
      const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...command]
      const environment = { ...process.env, ...env, NETCONFPATH: at('net.d') }
      execFile('unshare', args, { env: environment, timeout: 60_000 }, (error, out, err) =>
        resolve({ status: error ? Number(error.code ?? 128) : 0, out, err }),
      )
    })
  return {
    folder,
    plugins,
    /** Everything below /var/lib/cni. */
    lib: at('lib'),
    network(name: string, config: object) {
      writeFileSync(join(at('net.d'), `${name}.conflist`), JSON.stringify({ name, cniVersion: '1.1.0', ...config }))
    },
    /** `add net PATH` of a runtime, with plugins from `path`. */
    ask: (name: RuntimeName, path: string, args: readonly string[], env: Record<string, string> = {}) =>
      run([...RUNTIMES[name], ...args], { CNI_PATH: path, ...env }),
    ocilab: (...args: string[]) => run([process.execPath, OCILAB, ...args], {}),
    run,
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBundle } from '../bundle/bundle.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import { testBundle, testOcirun } from './testBundle.ts'

/** ocirun as a program, with states of its own and one bundle at a time. */
export interface TestProgram {
  /** For whatever a test writes. */
  readonly folder: string
  readonly root: string
  readonly bundle: string
  /** A new bundle that runs `args`. */
  given(args: string[], change?: (config: RuntimeConfig) => void): Promise<void>
  call(...args: string[]): { status: number | null; stdout: string; stderr: string }
  remove(): void
}

export async function testProgram(): Promise<TestProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-program-'))
  const root = join(folder, 'state')
  const program = testOcirun(folder)
  let bundle = await testBundle(['true'])
  return {
    folder,
    root,
    get bundle() {
      return bundle.path
    },
    async given(args, change = () => {}) {
      bundle.remove()
      bundle = await testBundle(args)
      await (await openBundle(bundle.path)).edit(change)
    },
    // Into files: a container that goes on keeps open what it was given.
    call(...args) {
      const [out, err] = [join(folder, 'out'), join(folder, 'err')]
      const [stdout, stderr] = [openSync(out, 'w'), openSync(err, 'w')]
      const { status } = spawnSync(program, ['--root', root, ...args], {
        cwd: bundle.path,
        env: { ...process.env, FROM_OUTSIDE: 'yes' },
        stdio: ['ignore', stdout, stderr],
        timeout: 30_000,
      })
      closeSync(stdout)
      closeSync(stderr)
      return { status, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }
    },
    remove() {
      bundle.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

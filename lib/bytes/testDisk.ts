import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

/** The `at`-th call of a kind goes wrong: the third `write`, say. Without, none does. */
export interface DiskFault {
  readonly call?: string
  readonly error?: keyof typeof constants.errno
  readonly at?: number
}

/** A disk that refuses one call of a program below a folder, and writes down all of them. */
export interface TestDisk {
  /** What makes a program see it. */
  env(below: string, fault?: DiskFault): NodeJS.ProcessEnv
  /** The calls of the last program, by name; the one that was refused ends in `(INJECTED)`. */
  calls(): string[]
}

export function testDisk(folder: string): TestDisk {
  const [library, log] = [join(folder, 'faults.so'), join(folder, 'faults.log')]
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'testDisk.c'), '-ldl'])
  return {
    env(below, { call = '', error, at = 0 } = {}) {
      rmSync(log, { force: true })
      return {
        ...process.env,
        ...{ LD_PRELOAD: library, FAULT_BELOW: below, FAULT_LOG: log, FAULT_CALL: call, FAULT_AT: String(at) },
        FAULT_ERRNO: String(error ? constants.errno[error] : 0),
      }
    },
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  }
}

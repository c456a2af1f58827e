import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { isSystemError } from '../../errors.ts'
import { runTool } from '../tool.ts'

const TYPES = ['net', 'ipc', 'uts', 'mnt'] as const

/** Which namespaces a process is in: `net:[4026531840]`. */
export type Namespaces = Record<(typeof TYPES)[number], string>

/** The number of a process that stands in a file, as every runtime writes one; undefined while it does not. ≙ runc --pid-file */
export function pidIn(path: string): string | undefined {
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  return /^[1-9]\d*$/.test(text) ? text : undefined
}

/** Those of a process, or of this one (`self`); undefined when there is no such process. */
export function namespacesOf(pid: string): Namespaces | undefined {
  try {
    const links = TYPES.map(type => [type, readlinkSync(`/proc/${pid}/ns/${type}`)])
    return Object.fromEntries(links) as Namespaces
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return undefined
    throw error
  }
}

const ASK = `fetch('http://localhost:8000/hello', { signal: AbortSignal.timeout(3000) }).then(
  async answer => process.stdout.write(await answer.text()), () => process.stdout.write(''))`

/** What localhost:8000/hello answers in the network of a process; nothing when nobody does. */
export async function answerIn(pid: string): Promise<string> {
  return (await runTool('nsenter', ['--target', pid, '--net', process.execPath, '-e', ASK])).trim()
}

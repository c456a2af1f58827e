import { spawn } from 'node:child_process'
import { OciError } from '../../errors.ts'
import { PROGRAM } from '../../package.ts'

// In a lesson's shell `ocilab` is the program this library came with, wherever it was put.
const PRELUDE = `ocilab() { "${process.execPath}" "${PROGRAM}" "$@"; }\n`

const NOT_INSTALLED = {
  en: "is the program installed? await lab.sh('ocilab doctor') says how to get it; each step also shows what does the same without it",
  zh: "这个程序装了吗？await lab.sh('ocilab doctor') 会说明怎么装；每一步也都写着不用它时怎么做",
}

/** Runs a line of shell; what it prints, on stdout or stderr, is told as it comes. Throws `COMMAND_FAILED`. */
export async function runShell(
  line: string,
  { cwd, signal }: { cwd: string; signal?: AbortSignal },
  told: (text: string) => void,
): Promise<void> {
  signal?.throwIfAborted()
  // A group of its own, so that stopping it stops what it has started.
  const child = spawn('sh', ['-c', PRELUDE + line], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const stop = () => process.kill(-child.pid!, 'SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', told)
  const [status, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) =>
    child.once('error', reject).once('close', (status, by) => resolve([status, by])),
  )
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  if (status !== 0)
    throw new OciError('COMMAND_FAILED', `${line}: ${by ?? `exit ${status}`}`, {
      got: status ?? by,
      ...(status === 127 && { advice: NOT_INSTALLED }),
    })
}

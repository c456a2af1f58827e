import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { OciError } from '../errors.ts'

const run = promisify(execFile)

/** Runs one of the machine's own tools and answers its stdout. Throws `TOOL_MISSING` or `COMMAND_FAILED`. */
export async function runTool(tool: string, args: readonly string[], { cwd }: { cwd?: string } = {}): Promise<string> {
  try {
    const { stdout } = await run(tool, args, { cwd, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string | number; stderr?: string }
    if (code === 'ENOENT')
      throw new OciError('TOOL_MISSING', `${tool}: not installed here`, {
        want: tool,
        hint: `sudo apt-get install ${tool}`,
      })
    const line = stderr.trim().split('\n').at(-1) || `exit ${code}`
    throw new OciError(
      'COMMAND_FAILED',
      `${[tool, ...args].join(' ')}: ${line}`,
      { got: code, where: tool },
      { cause: error },
    )
  }
}

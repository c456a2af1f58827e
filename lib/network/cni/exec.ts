import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { isSystemError, OciError } from '../../errors.ts'
import { type CniErrorReport, pluginError } from './error.ts'
import { checkType } from './names.ts'

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION'

/** One call of a plugin: SPEC.md § Parameters. */
export interface PluginCall {
  readonly command: CniCommand
  /** Folders in which plugins are. */
  readonly path: readonly string[]
  readonly containerId?: string
  readonly netns?: string
  readonly ifName?: string
  /** `IP=10.1.0.5;K=V` */
  readonly args?: string
  readonly signal?: AbortSignal
}

/** The program of a plugin, by its type, in the first folder that has it. Throws `TOOL_MISSING`. */
export function findPlugin(type: string, path: readonly string[]): string {
  checkType(type)
  const found = path.map(folder => join(folder, type)).find(isProgram)
  if (found !== undefined) return found
  throw new OciError(
    'TOOL_MISSING',
    `${type}: no such plugin (want an executable, got ${path.join(':') || 'no CNI_PATH'})`,
    {
      where: type,
      want: 'an executable in CNI_PATH',
      got: path,
      hint: 'ocilab cni plugins FOLDER puts ours there',
    },
  )
}

/**
 * Runs a plugin with its configuration on stdin and answers what it printed, parsed; nothing for a command without an answer.
 * Throws `CNI_FAILED` with the plugin's own code, message and details, `TOOL_MISSING`, `PROTOCOL` when the answer is not JSON.
 */
export async function execPlugin(type: string, config: object, call: PluginCall): Promise<unknown> {
  const program = findPlugin(type, call.path)
  const { status, out, err } = await run(program, JSON.stringify(config), call)
  const answer = out.trim() === '' ? undefined : parseAnswer(out, type, call.command)
  if (status === 0) {
    // What it says beside its answer is for people.
    if (err !== '') process.stderr.write(err)
    return answer
  }
  throw pluginError(type, call.command, reportOf(answer, status, err))
}

function reportOf(answer: unknown, status: number | string, err: string): CniErrorReport {
  const report = answer as Partial<CniErrorReport> | undefined
  if (typeof report?.code === 'number' && typeof report.msg === 'string') return report as CniErrorReport
  return { code: 999, msg: `ended with ${status} and without an error report`, details: err.trim().split('\n')[0] }
}

function parseAnswer(out: string, type: string, command: string): unknown {
  try {
    return JSON.parse(out)
  } catch (error) {
    const got = out.trim().slice(0, 80)
    throw new OciError(
      'PROTOCOL',
      `${type} ${command}: its answer is not JSON (got ${JSON.stringify(got)})`,
      {
        where: type,
        got,
      },
      { cause: error },
    )
  }
}

/** The environment a plugin gets: the caller's, with the parameters in place of whatever was there of them. */
function environment({ command, path, containerId, netns, ifName, args }: PluginCall): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId ?? '',
    CNI_NETNS: netns ?? '',
    CNI_IFNAME: ifName ?? '',
    CNI_ARGS: args ?? '',
    CNI_PATH: path.join(':'),
  }
}

async function run(program: string, input: string, call: PluginCall) {
  call.signal?.throwIfAborted()
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'], env: environment(call), signal: call.signal })
  const ended = new Promise<number | string>((resolve, reject) =>
    child.once('error', reject).once('close', (status, signal) => resolve(status ?? signal ?? 'nothing')),
  )
  // It may end without having read everything.
  child.stdin.on('error', () => {}).end(input)
  try {
    const [status, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
    return { status, out, err }
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new OciError(
      'TOOL_MISSING',
      `${program}: cannot be run (${error.code})`,
      { where: program },
      { cause: error },
    )
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

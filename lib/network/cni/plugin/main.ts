import { isOciError, sentence } from '../../../errors.ts'
import type { CniErrorReport } from '../error.ts'
import { asVersion, type CniResult } from '../result.ts'
import { VERSIONS } from '../version.ts'
import { bridge } from './bridge.ts'
import { hostLocal } from './hostLocal.ts'
import { loopback } from './loopback.ts'
import { portmap } from './portmap.ts'
import { type Asked, parseRequest } from './request.ts'

/** A plugin: what it does for each command. Throws `CNI_FAILED`, and whatever the network floor throws. */
export interface Plugin {
  add(asked: Asked): Promise<CniResult>
  del(asked: Asked): Promise<void>
  check(asked: Asked): Promise<void>
  status(asked: Asked): Promise<void>
  gc(asked: Asked): Promise<void>
}

/** Our plugins, by the names under which the real ones are known. */
export const PLUGINS: Readonly<Record<string, Plugin>> = { bridge, 'host-local': hostLocal, portmap, loopback }

/** What a plugin answers: text for stdout, and its exit code. */
export interface PluginAnswer {
  readonly out: string
  readonly status: 0 | 1
}

/** Serves one call of a plugin (SPEC.md § 2): never throws, for a failure has its form too. */
export async function serve(name: string, env: NodeJS.ProcessEnv, stdin: string): Promise<PluginAnswer> {
  if (env.CNI_COMMAND === 'VERSION') return { out: version(stdin), status: 0 }
  try {
    const asked = parseRequest(env, stdin)
    const result = await carryOut(PLUGINS[name]!, asked)
    return { out: result ? json(asVersion(result, asked.cniVersion)) : '', status: 0 }
  } catch (error) {
    return { out: json(reportOf(error, stdin)), status: 1 }
  }
}

async function carryOut(plugin: Plugin, asked: Asked): Promise<CniResult | undefined> {
  if (asked.command === 'ADD') return plugin.add(asked)
  const others = { DEL: plugin.del, CHECK: plugin.check, STATUS: plugin.status, GC: plugin.gc }
  await others[asked.command](asked)
}

function reportOf(error: unknown, stdin: string): CniErrorReport {
  const cniVersion = versionIn(stdin)
  if (!isOciError(error, 'CNI_FAILED')) return { cniVersion, code: 999, msg: sentence(error) }
  const { cniCode = 999, msg = error.message, details } = error.data
  return { cniVersion, code: Number(cniCode), msg: String(msg), ...(details ? { details: String(details) } : {}) }
}

function version(stdin: string): string {
  return `${JSON.stringify({ cniVersion: versionIn(stdin), supportedVersions: VERSIONS })}\n`
}

function versionIn(stdin: string): string {
  try {
    return String(JSON.parse(stdin).cniVersion ?? VERSIONS.at(-1))
  } catch {
    return VERSIONS.at(-1)!
  }
}

// Four spaces, as the real ones print it.
function json(value: object): string {
  return `${JSON.stringify(value, null, 4)}\n`
}

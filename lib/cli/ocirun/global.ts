import { closeSync, openSync } from 'node:fs'
import { RuntimeError } from '../../errors.ts'
import { defaultStateRoot } from '../../runtime/container/stateRoot.ts'
import { type Flags, type FlagTable, oneOf } from './flags.ts'

/** The flags before the verb. */
export const GLOBAL_FLAGS: FlagTable = {
  root: 'value',
  log: 'value',
  'log-format': 'value',
  debug: 'switch',
  'systemd-cgroup': 'switch',
  rootless: 'value',
  criu: 'value',
  version: 'switch',
  v: '=version',
  help: 'switch',
  h: '=help',
}

export interface Global {
  root: string
  log?: string
  format: 'text' | 'json'
  debug: boolean
  systemdCgroup: boolean
}

/** What they mean. Throws `ARGUMENT_INVALID`. */
export function globalOf(flags: Flags): Global {
  const format = oneOf(flags, 'log-format') ?? 'text'
  if (format !== 'text' && format !== 'json')
    throw new RuntimeError('ARGUMENT_INVALID', `invalid log-format: ${format}`, { want: 'text or json', got: format })
  const log = oneOf(flags, 'log')
  // What cannot be logged later would be lost: better nothing is done at all.
  if (log !== undefined && log !== '') closeSync(openSync(log, 'a', 0o644))
  return {
    root: oneOf(flags, 'root') ?? defaultStateRoot(),
    log,
    format,
    debug: flags.debug === true,
    systemdCgroup: flags['systemd-cgroup'] === true,
  }
}

/** What a verb is given, and what it is. */
export interface Call {
  flags: Flags
  operands: string[]
  global: Global
}

export interface Command {
  flags: FlagTable
  usage: string
  /** The least and the most there may be. */
  operands: readonly [least: number, most: number]
  run(call: Call): Promise<number> | number
}

import { RuntimeError } from '../../errors.ts'
import type { DeviceRule } from '../../spec/linuxConfig.ts'
import { writeControl } from './controlFile.ts'
import { plainRules } from './deviceRule.ts'
import { changesTo, currentDevices, type DeviceState, devicesAfter } from './deviceState.ts'

export { deviceProgram } from './deviceProgram.ts'

const EVERYONES: readonly [type: 'c' | 'b', major: number | undefined, minor: number | undefined, access: string][] = [
  ['c', undefined, undefined, 'm'],
  ['b', undefined, undefined, 'm'],
  ['c', 1, 3, 'rwm'], // null
  ['c', 1, 5, 'rwm'], // zero
  ['c', 1, 7, 'rwm'], // full
  ['c', 1, 8, 'rwm'], // random
  ['c', 1, 9, 'rwm'], // urandom
  ['c', 5, 0, 'rwm'], // tty
  ['c', 5, 2, 'rwm'], // ptmx
  ['c', 136, undefined, 'rwm'], // pts
  ['c', 10, 200, 'rwm'], // net/tun
]

/** A config's rules and, after them, those every container gets: the devices of config-linux.md § Default Devices, tun, and making any node. */
export function deviceRules(rules: readonly DeviceRule[]): DeviceRule[] {
  return [...rules, ...EVERYONES.map(([type, major, minor, access]) => ({ allow: true, type, major, minor, access }))]
}

/**
 * Makes a v1 `devices` cgroup allow what the rules allow and nothing else. Only differences are written, so that running
 * programs lose no device for a moment. Throws `UNSUPPORTED` for a rule that v1 would silently ignore, `CONFIG_INVALID`,
 * `KERNEL`, `NOT_PERMITTED` (a cgroup above allows less). config-linux.md § Allowed Device list.
 */
export function writeDeviceRules(folder: string, rules: readonly DeviceRule[]): void {
  const wanted = devicesAfter(plainRules(rules))
  for (const { allow, line } of changesTo(wanted, currentDevices(folder)))
    writeControl(folder, allow ? 'devices.allow' : 'devices.deny', line, 'linux.resources.devices')
  checkTaken(folder, wanted)
}

function checkTaken(folder: string, wanted: DeviceState): void {
  const left = changesTo(wanted, currentDevices(folder))
  // The kernel lists no exceptions of a cgroup that allows all.
  if (wanted.allow || left.length === 0) return
  throw new RuntimeError('KERNEL', `${folder}: the kernel did not take the device rules (left ${left[0]?.line})`, {
    where: 'linux.resources.devices',
    got: left.map(({ line }) => line),
  })
}

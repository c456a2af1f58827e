import { RuntimeError } from '../../errors.ts'
import { readControl } from './controlFile.ts'
import { ACCESS, type PlainRule } from './deviceRule.ts'

type Exception = Omit<PlainRule, 'allow'>

/** What a v1 `devices` cgroup holds: what it does with every device, and the exceptions, by their names such as `c 1:3`. */
export interface DeviceState {
  readonly allow: boolean
  readonly exceptions: ReadonlyMap<string, Exception>
}

/** One line for devices.allow or devices.deny. */
export interface DeviceChange {
  readonly allow: boolean
  readonly line: string
}

/** The state that rules, applied in their order to a cgroup that allows nothing, lead to. Throws `UNSUPPORTED` for one that v1 would silently ignore. */
export function devicesAfter(rules: readonly PlainRule[]): DeviceState {
  let allow = false
  let exceptions = new Map<string, Exception>()
  for (const { allow: wanted, ...rule } of rules) {
    if (rule.type === 'a') {
      allow = wanted
      exceptions = new Map()
    } else if (wanted === allow) {
      takeBack(exceptions, rule)
    } else {
      const had = exceptions.get(nameOf(rule))?.access ?? 0
      exceptions.set(nameOf(rule), { ...rule, access: had | rule.access })
    }
  }
  return { allow, exceptions }
}

/** The state of a v1 `devices` cgroup; of one that allows all, the kernel does not list the exceptions. */
export function currentDevices(folder: string): DeviceState {
  const lines = (readControl(folder, 'devices.list') ?? '').split('\n').filter(line => line !== '')
  if (lines.some(line => line.startsWith('a '))) return { allow: true, exceptions: new Map() }
  const exceptions = lines.map(parseException).map((rule): [string, Exception] => [nameOf(rule), rule])
  return { allow: false, exceptions: new Map(exceptions) }
}

/** The least changes from one state to another. */
export function changesTo(wanted: DeviceState, now: DeviceState): DeviceChange[] {
  const anew = now.allow || wanted.allow
  const before = anew ? new Map<string, Exception>() : now.exceptions
  return [
    ...(anew ? [{ allow: wanted.allow, line: 'a *:* rwm' }] : []),
    ...differences(before, wanted.exceptions).map(line => ({ allow: wanted.allow, line })),
    ...differences(wanted.exceptions, before).map(line => ({ allow: !wanted.allow, line })),
  ]
}

// The kernel takes an exception back only as it was given: so each inside the rule is; a hole in a wider one it ignores,
// without a word.
function takeBack(exceptions: Map<string, Exception>, rule: Exception): void {
  for (const [name, exception] of exceptions) {
    if ((exception.access & rule.access) === 0 || !meet(exception, rule)) continue
    if (!covers(rule, exception)) throw hole(rule, name)
    const access = exception.access & ~rule.access
    if (access === 0) exceptions.delete(name)
    else exceptions.set(name, { ...exception, access })
  }
}

function meet(a: Exception, b: Exception): boolean {
  const same = (x?: number, y?: number) => x === undefined || y === undefined || x === y
  return a.type === b.type && same(a.major, b.major) && same(a.minor, b.minor)
}

function covers(wide: Exception, narrow: Exception): boolean {
  const within = (x?: number, y?: number) => x === undefined || x === y
  return within(wide.major, narrow.major) && within(wide.minor, narrow.minor)
}

function hole(rule: Exception, wider: string): RuntimeError {
  const where = 'linux.resources.devices'
  return new RuntimeError(
    'UNSUPPORTED',
    `${where}: cgroup v1 cannot make an exception for ${nameOf(rule)} from the rule for ${wider}`,
    { where, got: nameOf(rule), hint: 'leave the wider rule out, or use cgroup v2' },
  )
}

function differences(from: ReadonlyMap<string, Exception>, without: ReadonlyMap<string, Exception>): string[] {
  return [...from].flatMap(([name, { access }]) => {
    const left = access & ~(without.get(name)?.access ?? 0)
    return left === 0 ? [] : [`${name} ${letters(left)}`]
  })
}

function nameOf({ type, major, minor }: Exception): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'}`
}

// `c 136:* rwm`
function parseException(line: string): Exception {
  const [type, major, minor, access = ''] = line.split(/[ :]/)
  const number = (text?: string) => (text === '*' ? undefined : Number(text))
  const bits = [...access].reduce((all, letter) => all | ACCESS[letter as keyof typeof ACCESS], 0)
  return { type: type as 'c' | 'b', major: number(major), minor: number(minor), access: bits }
}

function letters(access: number): string {
  return (['r', 'w', 'm'] as const).filter(letter => access & ACCESS[letter]).join('')
}

import { RuntimeError } from '../../errors.ts'
import type { DeviceRule } from '../../spec/linuxConfig.ts'

/** One rule with everything said. Type `a` is for all that can be done to any device; without major or minor it is for all of them. */
export interface PlainRule {
  readonly allow: boolean
  readonly type: 'a' | 'c' | 'b'
  readonly major?: number
  readonly minor?: number
  /** Of {@link ACCESS}. */
  readonly access: number
}

/** The kernel's numbers for what is done to a device: BPF_DEVCG_ACC_* in linux/bpf.h. */
export const ACCESS = { m: 1, r: 2, w: 4 } as const
/** Everything that can be done to a device. */
export const ALL_ACCESS = ACCESS.m | ACCESS.r | ACCESS.w

/** A config's rules with everything said. Throws `CONFIG_INVALID`. config-linux.md § Allowed Device list. */
export function plainRules(rules: readonly DeviceRule[]): PlainRule[] {
  return rules.flatMap((rule, index) => {
    const where = `linux.resources.devices[${index}]`
    const access = accessOf(rule.access, `${where}.access`)
    const major = numberOf(rule.major, `${where}.major`)
    const minor = numberOf(rule.minor, `${where}.minor`)
    const everything = access === ALL_ACCESS && major === undefined && minor === undefined
    return typesOf(rule.type, everything, `${where}.type`).map(type => ({
      allow: rule.allow,
      type,
      major,
      minor,
      access,
    }))
  })
}

// The kernel would take `a 1:3 r` for `a *:* rwm`: what is not for everything is a rule for each type.
function typesOf(type: string | null | undefined, everything: boolean, where: string): PlainRule['type'][] {
  if (!type || type === 'a') return everything ? ['a'] : ['c', 'b']
  if (type === 'c' || type === 'b') return [type]
  throw invalid(where, type, 'a, b or c')
}

function accessOf(access: string | undefined, where: string): number {
  if (!access || /[^rwm]/.test(access)) throw invalid(where, access, 'some of r, w, m')
  return [...access].reduce((all, letter) => all | ACCESS[letter as keyof typeof ACCESS], 0)
}

// Programs written in Go say -1 for "all".
function numberOf(value: number | null | undefined, where: string): number | undefined {
  if (value === undefined || value === null || value < 0) return undefined
  if (Number.isInteger(value) && value <= 0xffff_ffff) return value
  throw invalid(where, value, 'an integer below 2^32')
}

function invalid(where: string, got: unknown, want: string): RuntimeError {
  const shown = got === undefined ? 'missing' : JSON.stringify(got)
  return new RuntimeError('CONFIG_INVALID', `${where}: ${shown} (want ${want})`, { where, want, got })
}

import type { DeviceRule } from '../../spec/linuxConfig.ts'

/** A device rule, for tests, of `+c 1:3 rw` (allow) or `-a *:* rwm` (deny). */
export function testRule(text: string): DeviceRule {
  const [, sign, type, major, minor, access] = /^([+-])([abc]) (\S+):(\S+) (\w+)$/.exec(text)!
  const number = (part: string) => (part === '*' ? undefined : Number(part))
  return { allow: sign === '+', type: type as 'a' | 'b' | 'c', major: number(major!), minor: number(minor!), access }
}

import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import { chooseDoor } from './door.ts'

const door = (platform: NodeJS.Platform, ...programs: string[]) =>
  chooseDoor({ platform, has: program => programs.includes(program) })

describe('the door to the lab machine', () => {
  it.each<[NodeJS.Platform, string[], string]>([
    ['darwin', ['limactl', 'vagrant'], 'Lima'],
    ['darwin', ['vagrant'], 'Vagrant'],
    ['win32', ['vagrant'], 'Vagrant'],
    ['linux', ['qemu-system-x86_64'], 'qemu'],
    ['linux', ['qemu-system-aarch64', 'limactl'], 'Lima'],
  ])('on %s with %j is %s', (platform, programs, name) => expect(door(platform, ...programs).name).toBe(name))

  it.each<[NodeJS.Platform, string[], RegExp]>([
    ['darwin', [], /brew install lima/],
    ['darwin', ['qemu-system-x86_64'], /brew install lima/],
    ['linux', [], /apt-get install qemu-system-x86/],
  ])('on %s with %j is none, and the error says how to get one', (platform, programs, hint) => {
    const refused = expect.toSatisfy(error => isOciError(error, 'TOOL_MISSING') && hint.test(`${error.data.hint}`))
    expect(() => door(platform, ...programs)).toThrow(refused)
  })
})

import { describe, expect, it } from 'vitest'
import { isOciError } from '../../errors.ts'
import { chooseDoor, type VmAction } from './door.ts'

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

describe('what is asked of the machine', () => {
  const place = { checkout: '/home/me/my ocilab', port: 8889, made: false }
  const lines = (program: string, action: VmAction, made = false) =>
    door('linux', program)
      .commands(action, { ...place, made })
      .map(args => args.join(' '))

  it('Lima makes it once, from the whole path of the checkout, and then starts the one that was made', () => {
    expect(lines('limactl', 'up')).toEqual([
      'start --tty=false --name=ocilab --set=.param.repo="/home/me/my ocilab" lima.yaml',
    ])
    expect(lines('limactl', 'up', true)).toEqual(['start --tty=false ocilab'])
  })
  it('Vagrant and qemu go on with a machine that was cut off', () => {
    expect(lines('vagrant', 'up')).toEqual(['up --provision'])
    expect(lines('qemu-system-x86_64', 'up')).toEqual(['build --once', 'up'])
  })
  it.each(['limactl', 'vagrant'])('%s has JupyterLab on the same port here and there', program =>
    expect(lines(program, 'lab').join()).toContain('ocilab lab --no-browser --port 8889'),
  )
  it('Vagrant forwards that port from this machine alone', () =>
    expect(lines('vagrant', 'lab').join()).toContain('-L 127.0.0.1:8889:127.0.0.1:8889'))
})

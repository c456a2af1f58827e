import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { eventually, type Result, type TestHost, testHost } from './testHost.ts'

// A container says more than there is room for.
let host: TestHost
const disk = () => join(host.folder, 'disk')
const ocilab = (verb: string, ...args: string[]): Promise<Result> =>
  host.run(process.execPath, PROGRAM, verb, '--root', disk(), ...args)
const image = () => `oci:${host.folder}/image:v0`
/** Leaves room for some lines. */
const fill = () =>
  host.sh(`cat /dev/zero > ${disk()}/filler 2>/dev/null || true; truncate -s -32768 ${disk()}/filler; sync ${disk()}`)
const makeRoom = () => host.sh(`rm ${disk()}/filler`)
const counted = Array.from({ length: 2000 }, (_, at) => `line ${at}\n`).join('')
const COUNT = 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done'
const GAP = 'ocilab: output is missing here: there was no room for it\n'

beforeAll(async () => {
  host = await testHost()
  await host.ocilab('demo', 'tiny', image())
  await host.sh(`mkdir ${disk()}; mount -t tmpfs -o size=8m tmpfs ${disk()}`)
})
afterAll(() => host.close())

it('it goes on; the log has what there was room for, says where something is missing, and goes on when there is room', async () => {
  const wait = 'echo begun; while [ ! -e /go ]; do sleep 0.05; done'
  const created = await ocilab(
    ...(['run', '-d', '--name', 'talker', '--network', 'none', '--entrypoint', 'sh', image(), '-c'] as const),
    `trap "echo again; exit 7" TERM; ${wait}; ${COUNT}; sleep 1000 & wait`,
  )
  expect(created).toMatchObject({ status: 0, stderr: '' })
  const rootfs = `${disk()}/default/containers/${created.stdout.trim()}/bundle/rootfs`
  await host.sh(`echo > ${rootfs}/go.new`)
  await fill()
  await host.sh(`mv ${rootfs}/go.new ${rootfs}/go`)
  const full = await eventually(async () => {
    const seen = await ocilab('logs', 'talker')
    expect(seen.stderr).toBe('WARNING: what it said then is missing: there was no room for it\n')
    return seen
  })
  expect(`begun\n${counted}`.startsWith(full.stdout)).toBe(true)
  expect(full.stdout.length).toBeGreaterThan(1000)
  await makeRoom()
  expect(await ocilab('stop', 'talker')).toMatchObject({ status: 0, stderr: '' })
  const { stdout, stderr } = await ocilab('logs', 'talker')
  expect(stdout.startsWith(full.stdout)).toBe(true)
  expect([stdout.slice(-6), stderr]).toEqual(['again\n', GAP])
  expect((await ocilab('ps', '-a')).stdout).toContain('Exited (7)')
  expect(await ocilab('rm', 'talker')).toMatchObject({ status: 0 })
})

it('who looks on sees all of it, and nothing is left when it ends and there is still no room', async () => {
  const begun = host.run(
    ...([process.execPath, PROGRAM, 'run', '--root', disk(), '--rm', '--name', 'talker', '--network', 'none'] as const),
    ...(['--entrypoint', 'sh', image(), '-c', `while [ ! -e /go ]; do sleep 0.05; done; ${COUNT}; exit 7`] as const),
  )
  const rootfs = await eventually(async () => {
    expect((await ocilab('ps')).stdout).toContain('talker')
    return host.sh(`echo ${disk()}/default/containers/*/bundle/rootfs`)
  })
  await host.sh(`echo > ${rootfs}/go.new`)
  await fill()
  await host.sh(`mv ${rootfs}/go.new ${rootfs}/go`)
  expect(await begun).toEqual({ status: 7, stdout: counted, stderr: '' })
  await makeRoom()
  expect(await host.sh(`ls -A ${disk()}`)).toBe('')
})

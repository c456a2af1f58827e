import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGE } from '../../../package.ts'
import { runTool } from '../../tool.ts'
import { deleteContainers } from '../containers.ts'
import { openTestLesson } from '../testLesson.ts'

let course: Awaited<ReturnType<typeof openTestLesson>>
beforeAll(async () => {
  process.env.OCILAB_ID = `t${randomUUID().slice(0, 6)}`
  course = await openTestLesson('08-veth-bridge-netns')
})
afterAll(async () => {
  await course.reset('08.1')
  await course.close()
})

const names = () => course.place().names
const path = (name: string) => course.place().path(name)
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const fails = async (id: string, hint?: string) =>
  expect(await course.look(id)).toMatchObject({ state: 'fail', ...(hint && { hint: expect.stringContaining(hint) }) })
const passes = async (id: string) => expect(await course.look(id)).toMatchObject({ state: 'pass' })

// One story, as a learner lives it, with ip(8) and runc in place of the library: each step first undone, then half done.
describe('with ip and runc', () => {
  it('08.1: a bridge that is not there, down, without an address; then whole', async () => {
    const { bridge, bridgeAddress } = names()
    await fails('08.1')
    await sh(
      `ip link add ${bridge} type veth peer name vt-x && ip link set ${bridge} up && ip addr add ${bridgeAddress}/24 dev ${bridge}`,
    )
    await fails('08.1', 'a bridge must be made')
    await sh(`ip link del ${bridge} && ip link add ${bridge} type bridge`)
    await fails('08.1')
    await sh(`ip addr add ${bridgeAddress}/24 dev ${bridge}`)
    await fails('08.1')
    await sh(`ip link set ${bridge} up`)
    await passes('08.1')
  })

  it('08.2: no cable, one that is not plugged in, one that is down; then whole', async () => {
    const { bridge, vethHost, vethGuest } = names()
    await fails('08.2')
    await sh(`ip link add ${vethHost} type veth peer name ${vethGuest}`)
    await fails('08.2', 'plugged in')
    await sh(`ip link set ${vethHost} master ${bridge}`)
    await fails('08.2')
    await sh(`ip link set ${vethHost} up`)
    await passes('08.2')
  })

  it('08.3: no namespace, the wrong name, the wrong address, no route; then whole', async () => {
    const { netns, vethGuest, containerAddress, bridgeAddress } = names()
    const inside = (line: string) => sh(`ip netns exec ${netns} ${line}`)
    await fails('08.3')
    await sh(`ip netns add ${netns} && ip link set ${vethGuest} netns ${netns}`)
    await inside(`ip addr add ${containerAddress}/24 dev ${vethGuest}`)
    await fails('08.3', 'which of these')
    await inside(`ip link set ${vethGuest} name eth0`)
    await inside('ip link set eth0 up')
    await inside('ip link set lo up')
    expect(await course.look('08.3')).toMatchObject({ state: 'fail', seen: expect.stringContaining('default via') })
    await inside(`ip route add default via ${bridgeAddress}`)
    await passes('08.3')
  })

  it('08.4: a container in another network does not answer, one in this does', async () => {
    const { container } = course.place()
    const run = `runc run -d --bundle bundle ${container} > app.log 2>&1 < /dev/null`
    await sh(run)
    await fails('08.4', 'in that namespace')
    await deleteContainers(container)
    const config = JSON.parse(readFileSync(path('bundle/config.json'), 'utf8'))
    const network = config.linux.namespaces.find(({ type }: { type: string }) => type === 'network')
    network.path = names().netnsPath
    writeFileSync(path('bundle/config.json'), JSON.stringify(config))
    await sh(run)
    const url = `http://${names().containerAddress}:8000/hello`
    await sh(`curl -s --retry 30 --retry-delay 1 --retry-all-errors ${url}`)
    await passes('08.4')
  })

  it('08.5: nothing was broken; then it was; then it was mended', async () => {
    await fails('08.5', 'run the cell')
    writeFileSync(path('broken'), 'yes')
    await sh(`ip link set ${names().vethHost} nomaster`)
    await fails('08.5', 'is every part on')
    await sh(`ip link set ${names().vethHost} master ${names().bridge}`)
    await sh(
      `curl -s --retry 30 --retry-delay 1 --retry-all-errors --max-time 2 http://${names().containerAddress}:8000/hello`,
    )
    await passes('08.5')
  })

  it('08.6: in a namespace by its path, no container, one of a runtime that overlooks the entry; then handed over', async () => {
    const { container, names } = course.place()
    const { bridge, vethHost, vethGuest, netns, containerAddress } = names
    await fails('08.6', 'does it say the link')
    await deleteContainers(container)
    await fails('08.6', 'run the cell')
    // The kernel takes the links of a namespace down when it gets to it: this one is to be gone now.
    await sh(`ip link del ${vethHost}; ip netns del ${netns}; ip link add ${vethHost} type veth peer name ${vethGuest}
      ip link set ${vethHost} master ${bridge} up; ip addr add ${containerAddress}/24 dev ${vethGuest}`)
    const config = JSON.parse(readFileSync(path('bundle/config.json'), 'utf8'))
    const network = config.linux.namespaces.find(({ type }: { type: string }) => type === 'network')
    delete network.path
    const run = (runtime: string) => sh(`${runtime} run -d --bundle bundle ${container} > app.log 2>&1 < /dev/null`)
    // One that overlooks the entry, as runc did up to 1.3, makes what it makes without.
    writeFileSync(path('bundle/config.json'), JSON.stringify(config))
    await run('runc')
    config.linux.netDevices = { [vethGuest]: { name: 'eth0' } }
    writeFileSync(path('bundle/config.json'), JSON.stringify(config))
    expect(await course.look('08.6')).toMatchObject({ state: 'fail', seen: expect.stringContaining('"eth0":[]') })
    await deleteContainers(container)
    await run(`'${process.execPath}' '${join(PACKAGE, 'dist/ocirun.cjs')}'`)
    await sh(`curl -s --retry 30 --retry-delay 1 --retry-all-errors http://${containerAddress}:8000/hello`)
    await passes('08.6')
  })

  it('08.7: it stands, half of it stands; then nothing is left', async () => {
    const { bridge, netns } = names()
    writeFileSync(path('built'), 'yes')
    await fails('08.7', 'in this order')
    await deleteContainers(course.place().container)
    await sh(`ip link del ${bridge}; ip netns add ${netns}`)
    expect(await course.look('08.7')).toMatchObject({ state: 'fail', seen: expect.stringContaining(netns) })
    await sh(`ip netns del ${netns}`)
    await passes('08.7')
    writeFileSync(path('built'), '')
    await fails('08.7', 'first build it')
  })
})

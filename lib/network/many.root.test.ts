import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { labNames } from './names.ts'
import { addNetns, deleteNetns, newNetns, type OpenNetns, unmountAll } from './netns.ts'
import { createNetwork, type Network } from './network.ts'
import { applyPlan, networkPlan, undoPlan } from './plan.ts'
import { topology } from './topology.ts'

// A namespace plays the host.
const names = labNames('many')
let host: OpenNetns
let network: Network
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ocilab-many-'))
  host = await newNetns()
  network = await createNetwork(names, { netns: host.path })
})
afterEach(async () => {
  await network.delete()
  host.close()
  rmSync(folder, { recursive: true, force: true })
})

const hostLinks = async () => (await topology([], { netns: host.path }))[0]!.links.map(link => link.name)

describe('many containers', () => {
  it('two hundred are plugged in, each with an address of its own, and unplugged without a trace; then there is room again', async () => {
    // One namespace is enough for many plugs: what is counted is the host's side.
    const guest = await newNetns()
    const plugs = Array.from({ length: 200 }, (_, i) => ({ link: `eth${i + 1}` }))
    const ends = await Promise.all(plugs.map(plug => network.attach(guest.path, undefined, plug.link)))
    expect(new Set(ends.map(({ address }) => address)).size).toBe(200)
    expect(await hostLinks()).toHaveLength(202)
    // 253 addresses of a /24 are for containers.
    for (let i = 200; i < 253; i++) await network.attach(guest.path, undefined, `eth${i + 1}`)
    await expect(network.attach(guest.path, undefined, 'eth254')).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: expect.stringContaining('every address is taken'),
    })
    await Promise.all(ends.map(end => end.delete()))
    expect(await hostLinks()).toHaveLength(2 + 53)
    expect(ends.map(({ address }) => address)).toContain((await network.attach(guest.path)).address)
    guest.close()
    // The kernel takes what is in a namespace down when it gets to it.
    await expect.poll(hostLinks, { timeout: 30_000 }).toEqual(['lo', names.bridge])
  })
})

it('twenty names of namespaces, made at once where there was none, are mounted once each', async () => {
  const module = JSON.stringify(fileURLToPath(new URL('netns.ts', import.meta.url)))
  const program = `import { readFileSync, readdirSync } from 'node:fs'
    import { addNetns, deleteNetns, netnsPath } from ${module}
    const paths = Array.from({ length: 20 }, (_, i) => netnsPath('name' + i))
    const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').match(/ \\/netns \\/run\\/netns | \\/run\\/netns\\/name/g).length
    await Promise.all(paths.map(addNetns))
    console.log(mounts())
    await Promise.all(paths.map(deleteNetns))
    console.log(mounts(), readdirSync('/run/netns').length)`
  const line = 'mount -t tmpfs tmpfs /run && exec "$0" --input-type=module -e "$1"'
  const words = ['--mount', '--propagation', 'private', 'sh', '-euc', line, process.execPath, program]
  expect((await promisify(execFile)('unshare', words)).stdout).toBe('21\n1 0\n')
})

describe('twenty learners on one host', () => {
  const learners = [...Array.from({ length: 18 }, (_, i) => labNames(`learner-${i + 1}`)), labNames(), labNames('abc')]
  const mine = ({ netnsPath }: (typeof learners)[0]) => topology([netnsPath], { netns: host.path })

  it('have networks beside each other, and take down only their own', async () => {
    const plans = learners.map(learner => networkPlan(learner))
    try {
      await Promise.all(plans.map(plan => applyPlan(plan, { netns: host.path })))
      for (const { bridge, vethHost, containerAddress, ...learner } of learners) {
        const [outside, inside] = await mine({ bridge, vethHost, containerAddress, ...learner })
        const plugged = outside!.links.filter(({ master }) => master === bridge).map(({ name }) => name)
        expect(plugged).toEqual([vethHost])
        expect(inside!.addresses.map(({ link, address }) => `${link} ${address}`)).toContain(
          `eth0 ${containerAddress}/24`,
        )
      }
      const [first = [], ...others] = plans
      await undoPlan(first, { netns: host.path })
      expect(await hostLinks()).toHaveLength(2 + 2 * others.length)
    } finally {
      await Promise.all(plans.map(plan => undoPlan(plan, { netns: host.path })))
    }
    expect(await hostLinks()).toEqual(['lo', names.bridge])
  })
})

describe('what is not as it was', () => {
  it('a namespace that is gone, as after a restart, is no hindrance to taking down', async () => {
    const path = join(folder, 'gone')
    await addNetns(path)
    const end = await network.attach(path)
    // The name is still there, and nothing behind it.
    await unmountAll(path)
    await end.delete()
    await end.delete()
    await deleteNetns(path)
    await deleteNetns(path)
    await expect.poll(hostLinks, { timeout: 30_000 }).toEqual(['lo', names.bridge])
  })

  it('a name without a namespace behind it is neither made over nor entered', async () => {
    const path = join(folder, 'empty')
    closeSync(openSync(path, 'w'))
    await expect(addNetns(path)).rejects.toMatchObject({ code: 'NETWORK_EXISTS' })
    await expect(network.attach(path)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
    expect(await hostLinks()).toEqual(['lo', names.bridge])
  })

  it('a link that has the name of the other end is told before anything is changed', async () => {
    const other = labNames('many2')
    await applyPlan([{ change: 'addVeth', link: other.vethGuest, peer: 'x' }], { netns: host.path })
    await expect(applyPlan(networkPlan(other), { netns: host.path })).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      data: { where: other.vethGuest },
    })
    expect(await hostLinks()).toEqual(expect.arrayContaining(['lo', names.bridge, 'x', other.vethGuest]))
    await undoPlan([{ change: 'addVeth', link: 'x', peer: other.vethGuest }], { netns: host.path })
  })

  it('a container that ends between one step and the next leaves no cable', async () => {
    const path = join(folder, 'dies')
    await addNetns(path)
    const [attached] = await Promise.allSettled([network.attach(path), deleteNetns(path)])
    if (attached.status === 'fulfilled') await attached.value.delete()
    else expect(attached.reason.code).toMatch(/KERNEL|ARGUMENT_INVALID/)
    await expect.poll(hostLinks, { timeout: 30_000 }).toEqual(['lo', names.bridge])
  })
})

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reset } from '../../journal.ts'
import { runTool } from '../../tool.ts'
import { deleteContainers } from '../containers.ts'
import { openTestLesson } from '../testLesson.ts'

const GO = fileURLToPath(new URL('../../../../.go/bin', import.meta.url))
let course: Awaited<ReturnType<typeof openTestLesson>>
let labId: string
let before: Nat
beforeAll(async () => {
  before = await natOfMachine()
  labId = `t${randomUUID().slice(0, 6)}`
  process.env.OCILAB_ID = labId
  course = await openTestLesson('10-cni')
})
afterAll(async () => {
  await deleteContainers(course.place().container)
  await reset(labId)
  await takeBackNat(before)
  await course.close()
})

interface Nat {
  isThere: boolean
  /** As iptables takes them. */
  lines: string[]
}
const TABLE = 'table ip nat'

async function natOfMachine(): Promise<Nat> {
  const isThere = (await runTool('nft', ['list', 'tables'])).split('\n').includes(TABLE)
  const lines = isThere ? (await runTool('iptables', ['--table', 'nat', '--list-rules'])).trim().split('\n') : []
  return { isThere, lines }
}

/**
 * Real portmap never removes its chains, and the real bridge not those of a link that was taken away by hand. A lesson
 * happens in the machine's own network, where others may have rules: what was added goes, and nothing else.
 */
async function takeBackNat(before: Nat): Promise<void> {
  const added = (await natOfMachine()).lines.filter(line => line.includes('CNI-') && !before.lines.includes(line))
  const ours = (flag: '-A' | '-N') => added.filter(line => line.startsWith(`${flag} `)).map(line => line.slice(3))
  // Chains that are empty, and that nobody jumps to any more.
  for (const rule of ours('-A')) await sh(`iptables --table nat --delete ${rule}`)
  for (const chain of ours('-N')) await sh(`iptables --table nat --delete-chain ${chain}`)
  const { isThere, lines } = await natOfMachine()
  if (isThere && !before.isThere && lines.every(line => line.startsWith('-P ')))
    await runTool('nft', ['delete', ...TABLE.split(' ')])
}

const names = () => course.place().names
const path = (...parts: string[]) => course.place().path(...parts)
const sh = (line: string) => runTool('sh', ['-ec', line], { cwd: course.place().folder })
const fails = async (id: string, hint?: string) =>
  expect(await course.look(id)).toMatchObject({
    state: 'fail',
    ...(hint && { hint: expect.stringContaining(hint) }),
  })
const passes = async (id: string) => expect(await course.look(id)).toMatchObject({ state: 'pass' })
const seen = async (id: string, text: string) =>
  expect(await course.look(id)).toMatchObject({ state: 'fail', seen: expect.stringContaining(text) })

function write(plugins: object[], name = 'lab') {
  mkdirSync(path('net.d'), { recursive: true })
  writeFileSync(path('net.d', '10-lab.conflist'), JSON.stringify({ cniVersion: '1.0.0', name, plugins }))
}
const portmap = { type: 'portmap', capabilities: { portMappings: true } }
const bridge = (more: object = {}) => ({
  ...{ type: 'bridge', bridge: names().bridge, isGateway: true, ipMasq: true, ...more },
  ipam: { type: 'host-local', subnet: names().subnet, routes: [{ dst: '0.0.0.0/0' }], dataDir: path('leases') },
})
// The real cnitool, and the real plugins.
const cnitool = (verb: string) => {
  const ports = JSON.stringify({
    portMappings: [{ hostPort: course.place().port(8080), containerPort: 8000, protocol: 'tcp' }],
  })
  const env = `NETCONFPATH='${path('net.d')}' CNI_PATH='${GO}' CAP_ARGS='${ports}'`
  return sh(`${env} '${join(GO, 'cnitool')}' ${verb} lab ${names().netnsPath}`)
}

// One story, as a learner lives it, with cnitool, ip(8) and runc in place of the library: each step first undone, then half done.
describe('with cnitool, the real plugins and runc', () => {
  it('10.1: no answer, an old version, a word; then the newest', async () => {
    await fails('10.1', 'is a list')
    await course.answer('10.1', '0.4.0')
    await fails('10.1', 'a newer one')
    await course.answer('10.1', 'bridge')
    await fails('10.1', 'is a list')
    const said = await runTool('sh', ['-c', 'CNI_COMMAND=VERSION plugins/bridge < /dev/null'], {
      cwd: course.place().folder,
    })
    await course.answer('10.1', JSON.parse(said).supportedVersions.at(-1))
    await passes('10.1')
  })

  it('10.2: no file, no JSON, another name, one plugin, the wrong order, no capability, another bridge; then right', async () => {
    await seen('10.2', 'no such file')
    mkdirSync(path('net.d'), { recursive: true })
    writeFileSync(path('net.d', '10-lab.conflist'), '{')
    await seen('10.2', 'not JSON')
    write([bridge(), portmap], 'lap')
    await seen('10.2', 'no network of this name')
    write([bridge()])
    await fails('10.2', 'the order is that of ADD')
    write([portmap, bridge()])
    await fails('10.2')
    write([bridge(), { type: 'portmap' }])
    await fails('10.2', 'what it says it can do')
    write([bridge(), { type: 'portmap', capabilities: { portMappings: false } }])
    await fails('10.2')
    write([bridge({ bridge: 'cni0' }), portmap])
    await fails('10.2')
    write([bridge(), portmap])
    await passes('10.2')
  })

  it('10.3: no namespace, an empty one, an address by hand, a bridge without an address; then ADD', async () => {
    await fails('10.3')
    await sh(`ip netns add ${names().netns}`)
    await fails('10.3', 'which of these')
    await sh(`ip -n ${names().netns} link add eth0 type bridge`)
    await sh(`ip -n ${names().netns} addr add ${names().containerAddress}/24 dev eth0`)
    await seen('10.3', 'default via')
    await sh(`ip -n ${names().netns} link del eth0`)
    write([bridge({ isGateway: false }), portmap])
    await cnitool('add').catch(() => {})
    await fails('10.3')
    await cnitool('del')
    write([bridge(), portmap])
    await cnitool('add')
    await passes('10.3')
  })

  it('10.4: nothing was pulled out, it is out, no container; then it answers', async () => {
    await fails('10.4', 'attach first')
    const [link] = (await sh(`ip -o link show master ${names().bridge}`)).match(/veth\w+/)!
    await sh(`ip link set ${link} nomaster`)
    writeFileSync(path('broken'), link)
    await expect(cnitool('check')).rejects.toThrow()
    await fails('10.4', 'CHECK says')
    await sh(`ip link set ${link} master ${names().bridge}`)
    await fails('10.4', 'does the container run')
    const config = JSON.parse(readFileSync(path('bundle/config.json'), 'utf8'))
    config.linux.namespaces.find(({ type }: { type: string }) => type === 'network').path = names().netnsPath
    writeFileSync(path('bundle/config.json'), JSON.stringify(config))
    await sh(`runc run -d --bundle bundle ${course.place().container} > app.log 2>&1 < /dev/null`)
    const url = `http://127.0.0.1:${course.place().port(8080)}/hello`
    await sh(`curl -s --max-time 2 --retry 30 --retry-delay 1 --retry-all-errors ${url}`)
    await cnitool('check')
    await passes('10.4')
  })

  it('10.5: nothing was attached, it still is, the container stays, the address stays; then nothing', async () => {
    await fails('10.5', 'nothing to detach')
    writeFileSync(path('attached'), 'yes')
    await fails('10.5', 'what ADD had')
    // By hand, the link goes and the lease stays.
    await sh(`ip -n ${names().netns} link del eth0`)
    await seen('10.5', names().subnet.replace('0/24', ''))
    await cnitool('del')
    await seen('10.5', course.place().container)
    await deleteContainers(course.place().container)
    await passes('10.5')
    writeFileSync(path('attached'), '')
    await fails('10.5', 'nothing to detach')
  })
})

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { busyboxTar, startPodman } from '../../runtime/testPodman.ts'
import type { TestWorld } from '../../runtime/testWorld.ts'

const NET = { name: 'ours', cniVersion: '0.4.0' }
const IPAM = { type: 'host-local', ranges: [[{ subnet: '10.89.9.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] }
const PLUGINS = [
  { type: 'bridge', bridge: 'cnipodman', isGateway: true, ipMasq: true, hairpinMode: true, ipam: IPAM },
  { type: 'portmap', capabilities: { portMappings: true } },
]

let world: TestWorld
const podman = (...args: string[]) => world.run('podman', '--network-config-dir', '/etc/cni/net.d', ...args)

beforeAll(async () => {
  world = await startPodman()
  const plugins = join(world.folder, 'plugins')
  execFileSync(process.execPath, [PROGRAM, 'cni', 'plugins', plugins])
  const settings = `[network]\\nnetwork_backend = "cni"\\ncni_plugin_dirs = ["${plugins}"]\\n`
  await world.run('sh', '-c', `printf '${settings}' >> "$CONTAINERS_CONF"; mkdir -p /etc/cni/net.d`)
  const list = JSON.stringify({ ...NET, plugins: PLUGINS })
  await world.run('sh', '-c', `printf '%s' '${list}' > /etc/cni/net.d/50-ours.conflist`)
  await podman('import', busyboxTar(world.folder), 'busybox:test')
}, 120_000)
afterAll(() => world.stop())

it('podman runs a container with a published port on our plugins, and nothing stays', async () => {
  const served = ['--ulimit', 'host', '--network', 'ours', '-p', '8080:80', 'busybox:test']
  const id = (
    await podman('run', '-d', ...served, 'sh', '-c', 'echo from podman > /tmp/a; httpd -f -p 80 -h /tmp')
  ).trim()
  const patiently = ['-s', '--max-time', '2', '--retry', '20', '--retry-delay', '1', '--retry-all-errors']
  expect(await world.run('curl', ...patiently, 'http://127.0.0.1:8080/a')).toBe('from podman\n')
  const address = await podman('inspect', '--format', '{{.NetworkSettings.Networks.ours.IPAddress}}', id)
  expect(address.trim()).toBe('10.89.9.2')
  expect(await world.run('nft', 'list', 'tables')).toContain('ocilab_cni_ports')
  await podman('rm', '--force', '--time', '0', id)
  expect(await world.run('nft', 'list', 'tables')).toBe('')
  expect(await world.run('ip', '-br', 'link')).not.toContain('veth')
})

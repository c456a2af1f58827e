import { afterAll, beforeAll, expect, it } from 'vitest'
import { PROGRAM } from '../../package.ts'
import { startContainerd, type TestContainerd } from '../../runtime/testContainerd.ts'

// ctr has one place for plugins and one for configurations, and knows no published ports.
const IPAM = { type: 'host-local', ranges: [[{ subnet: '10.89.8.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] }
const PLUGINS = [
  { type: 'bridge', bridge: 'cnictr', isGateway: true, ipMasq: true, ipam: IPAM },
  { type: 'portmap', capabilities: { portMappings: true } },
]

let containerd: TestContainerd
const onHost = (...line: [string, ...string[]]) => containerd.world.run(...line)

beforeAll(async () => {
  containerd = await startContainerd(['/opt', '/etc/cni', '/var/lib/cni'])
  await onHost('mkdir', '-p', '/opt/cni', '/etc/cni/net.d')
  await onHost(process.execPath, PROGRAM, 'cni', 'plugins', '/opt/cni/bin')
  const list = JSON.stringify({ name: 'ours', cniVersion: '1.0.0', plugins: PLUGINS })
  await onHost('sh', '-c', `printf '%s' '${list}' > /etc/cni/net.d/50-ours.conflist`)
}, 90_000)
afterAll(() => containerd?.stop())

it('ctr runs a container with a network of our plugins, and nothing stays', async () => {
  const web = 'echo from ctr > /tmp/a; exec busybox httpd -f -p 80 -h /tmp'
  const running = onHost('ctr', ...containerd.running(['--rm', '--cni'], 'web', 'sh', '-c', web))
  const patiently = ['-s', '--max-time', '2', '--retry', '30', '--retry-delay', '1', '--retry-all-errors']
  expect(await onHost('curl', ...patiently, 'http://10.89.8.2/a')).toBe('from ctr\n')
  expect(await onHost('nft', 'list', 'tables')).toContain('ocilab_cni_masq')
  await containerd.ctr('task', 'kill', '--signal', 'SIGKILL', 'web')
  await expect(running).rejects.toMatchObject({ code: 137 })
  expect(await onHost('nft', 'list', 'tables')).toBe('')
  expect(await onHost('ip', '-br', 'link')).not.toContain('veth')
  expect(await onHost('find', '/var/lib/cni', '-name', '10.*', '-o', '-name', '*eth0')).toBe('')
})

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROGRAM } from '../../package.ts'

/** A host of its own for tests: its network, its /run, its processes. What is left of it goes when it is closed. */
export interface TestHost {
  readonly folder: string
  /** Runs a command on the host; any exit code is a result. */
  run(command: string, ...args: string[]): Promise<Result>
  /** Runs a line of shell on the host, and answers what it prints. Fails with what it says. */
  sh(line: string): Promise<string>
  /** Runs our program on the host; verbs about containers get `--root`. */
  ocilab(verb: string, ...args: string[]): Promise<Result>
  /** Starts a server on the host, or in a namespace of it, that says from which address it was asked: HTTP, or any datagram. */
  serve(protocol: 'tcp' | 'udp', port: number, netns?: string): Promise<void>
  /** The words that start any command there. */
  readonly enter: readonly string[]
  close(): Promise<void>
}

export interface Result {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Enough for a machine that does ten other things. */
export const PATIENCE = 30_000

const WITHOUT_ROOT = ['leaks', 'reset', 'demo', 'picture']
/** Verbs of `network` that are about the article's. */
const ARTICLE = ['up', 'show', 'down']

// Its first process reaps orphans, as that of any machine does: a zombie keeps its cgroup busy.
// The machine elsewhere is 192.0.2.2 and 2001:db8::2; the host is 1 there.
const SETUP = `
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns /run/lock
  ip link set lo up
  ip netns add outside
  ip link add uplink type veth peer name uplink netns outside
  ip addr add 192.0.2.1/24 dev uplink
  ip -6 addr add 2001:db8::1/64 dev uplink nodad
  ip link set uplink up
  ip -n outside link set lo up
  ip -n outside addr add 192.0.2.2/24 dev uplink
  ip -n outside -6 addr add 2001:db8::2/64 dev uplink nodad
  ip -n outside link set uplink up
  echo 1 > /proc/sys/net/ipv4/ip_forward
  echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
  echo ready
  while :; do sleep 0.1; done`

const SERVERS = {
  tcp: `require('node:http')
    .createServer((question, answer) => answer.end('for ' + question.socket.remoteAddress.replace('::ffff:', '')))
    .listen(Number(process.argv[1]), '::', () => console.log('ready'))`,
  udp: `const socket = require('node:dgram').createSocket('udp4')
    socket.on('message', (text, from) => socket.send('for ' + from.address, from.port, from.address))
    socket.bind(Number(process.argv[1]), () => console.log('ready'))`,
}

export async function testHost(): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-host-'))
  const keeper = spawn(
    'unshare',
    [
      '--net',
      '--mount',
      '--propagation',
      'private',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-ec',
      SETUP,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(keeper.stdout, 'data')
  const init = readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim()
  const enter = ['nsenter', `--target=${init}`, '--net', '--mount', '--pid']
  const run = (command: string, ...args: string[]) => call([...enter, command, ...args])
  return {
    folder,
    enter,
    run,
    async sh(line) {
      const { status, stdout, stderr } = await run('sh', '-c', line)
      if (status !== 0) throw new Error(`${line}: exit ${status}: ${stderr}`)
      return stdout.trim()
    },
    ocilab(verb, ...args) {
      const words = verb === 'network' || verb === 'pod' ? [verb, args.shift()!] : [verb]
      const withoutRoot = [...WITHOUT_ROOT, ...ARTICLE].includes(words.at(-1)!)
      return run(process.execPath, PROGRAM, ...words, ...(withoutRoot ? [] : ['--root', folder]), ...args)
    },
    async serve(protocol, port, netns) {
      const inside = netns === undefined ? [] : ['ip', 'netns', 'exec', netns]
      const [command = '', ...args] = [...enter, ...inside, process.execPath, '-e', SERVERS[protocol], String(port)]
      const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(server.stdout, 'data')
    },
    async close() {
      keeper.kill('SIGKILL')
      await once(keeper, 'exit')
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** Tries until it succeeds: what it waits for is another program's business. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; ; await sleep(50))
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
}

/** All that a host has but what it began with: links, namespaces, tables, containers, their cgroups and processes. */
export async function leftOn(host: TestHost): Promise<string> {
  return host.sh(`
    ip -o link | grep -v -e ': lo:' -e ': uplink@' | cut -d' ' -f2 || true
    ip netns list | grep -v '^outside' || true
    nft list tables | grep ocilab || true
    find /run/ocilab ${host.folder} -mindepth 1 -maxdepth 3 2>/dev/null | grep -v -e ${host.folder}/image -e ${host.folder}/shared || true
    ps -e -o args | grep -v defunct | grep -e '[o]cirun-init' -e '[s]upervise' || true
    iptables -S | grep ocilab || true`)
}

function call([command = '', ...args]: string[]): Promise<Result> {
  return new Promise(resolve => {
    const child = execFile(command, args, { timeout: PATIENCE, maxBuffer: 16 << 20 }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? 255, stdout, stderr }),
    )
    child.stdin?.end()
  })
}

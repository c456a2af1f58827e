import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { newNetns, type OpenNetns } from './netns.ts'
import { applyPlan } from './plan.ts'
import { writeSysctl } from './sysctl.ts'

const exec = promisify(execFile)

/** Namespaces that play a host and what is beyond it: nothing of this machine's network is touched. */
export interface TestWorld {
  readonly host: OpenNetns
  /** On a cable with the host, which is 192.0.2.1 and 2001:db8::1 there: a machine elsewhere, 192.0.2.2 and 2001:db8::2. */
  readonly outside: OpenNetns
  /** One more namespace, for a container. */
  guest(): Promise<OpenNetns>
  /** A web server in a namespace, on every address, that says `NAME for` and the address it was asked from. */
  serve(netns: OpenNetns, port: number, name: string): Promise<void>
  close(): void
}

const SERVER = `
  const [port, name] = process.argv.slice(1)
  const server = require('node:http').createServer((question, answer) => {
    answer.end(name + ' for ' + question.socket.remoteAddress.replace('::ffff:', ''))
  })
  server.listen(Number(port), '::', () => console.log('ready'))`

export async function testWorld(): Promise<TestWorld> {
  const all: OpenNetns[] = []
  const children: ReturnType<typeof spawn>[] = []
  const guest = async () => {
    const netns = await newNetns()
    all.push(netns)
    return netns
  }
  const [host, outside] = [await guest(), await guest()]
  await applyPlan(
    [
      { change: 'setUp', link: 'lo' },
      { change: 'addVeth', link: 'uplink', peer: 'uplink', peerNetns: outside.path },
      ...[undefined, outside.path].flatMap(netns => [
        { change: 'addAddress', address: `192.0.2.${netns ? 2 : 1}/24`, link: 'uplink', netns } as const,
        { change: 'addAddress', address: `2001:db8::${netns ? 2 : 1}/64`, link: 'uplink', netns } as const,
        { change: 'setUp', link: 'uplink', netns } as const,
      ]),
      { change: 'setUp', link: 'lo', netns: outside.path },
    ],
    { netns: host.path },
  )
  // A new namespace takes it over from the first one.
  await writeSysctl('net/ipv4/ip_forward', '0', host.path)
  return {
    host,
    outside,
    guest,
    async serve(netns, port, name) {
      const child = spawn('nsenter', [`--net=${netns.path}`, process.execPath, '-e', SERVER, `${port}`, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      await once(child.stdout!, 'data')
    },
    close() {
      for (const child of children) child.kill('SIGKILL')
      for (const netns of all) netns.close()
    },
  }
}

/** What a command in a namespace prints. Fails with what it says. */
export async function inside(netns: OpenNetns, ...command: string[]): Promise<string> {
  const { stdout } = await exec('nsenter', [`--net=${netns.path}`, ...command], { timeout: 30_000 })
  return stdout.trim()
}

/** Asks a web server from inside a namespace; the answer, or curl's exit code. */
export async function curl(from: OpenNetns, url: string): Promise<string | number> {
  return inside(from, 'curl', '--silent', '--max-time', '5', '--globoff', url).catch(error => error.code as number)
}

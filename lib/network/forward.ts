import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isSystemError, KernelError } from '../errors.ts'
import { isNetns } from './netns.ts'

const run = promisify(execFile)

/** Docker makes this chain for rules of others, calls it first, and never touches what is in it. */
const CHAIN = 'DOCKER-USER'

/**
 * Whether another firewall drops what is forwarded, unless it says otherwise. Docker's does: the policy of its chain
 * FORWARD is DROP, for all bridges of the host, and no rule in a table of ours could allow what another table drops.
 */
export async function forwardIsGuarded(netns?: string): Promise<boolean> {
  return (await Promise.all(FAMILIES.map(tool => hasChain(tool, netns)))).includes(true)
}

/** ≙ `iptables -I DOCKER-USER -i BRIDGE -j ACCEPT` and `-o BRIDGE`, for IPv4 and IPv6, wherever there is that chain. */
export async function allowForward(bridge: string, netns?: string): Promise<void> {
  for (const tool of FAMILIES)
    if (await hasChain(tool, netns))
      for (const way of WAYS)
        if (!(await holds(tool, ['-C', ...rule(way, bridge)], netns)))
          await change(tool, ['-I', ...rule(way, bridge)], netns)
}

/** Takes those rules away; what is gone already is fine. */
export async function forbidForward(bridge: string, netns?: string): Promise<void> {
  for (const [tool, way] of await allowed(bridge, netns)) await change(tool, ['-D', ...rule(way, bridge)], netns)
}

/** True while there is one of those rules. */
export async function forwardIsAllowed(bridge: string, netns?: string): Promise<boolean> {
  return (await allowed(bridge, netns)).length > 0
}

const FAMILIES = ['iptables', 'ip6tables'] as const
const WAYS = ['-i', '-o'] as const

async function allowed(bridge: string, netns?: string): Promise<(readonly [string, string])[]> {
  if (netns !== undefined && !isNetns(netns)) return []
  const all = FAMILIES.flatMap(tool => WAYS.map(way => [tool, way] as const))
  const there = await Promise.all(all.map(([tool, way]) => holds(tool, ['-C', ...rule(way, bridge)], netns)))
  return all.filter((_, index) => there[index])
}

function rule(way: string, bridge: string): string[] {
  return [CHAIN, way, bridge, '-m', 'comment', '--comment', 'ocilab', '-j', 'ACCEPT']
}

function hasChain(tool: string, netns?: string): Promise<boolean> {
  return holds(tool, ['-S', CHAIN], netns)
}

/** Whether iptables says yes: to `-S`, that there is such a chain, to `-C`, such a rule. No iptables, no rules of Docker's. */
async function holds(tool: string, args: string[], netns?: string): Promise<boolean> {
  return change(tool, args, netns).then(
    () => true,
    () => false,
  )
}

async function change(tool: string, args: string[], netns?: string): Promise<void> {
  const inside = netns === undefined ? [] : ['nsenter', `--net=${netns}`]
  const [command = '', ...words] = [...inside, tool, '--wait', ...args]
  try {
    await run(command, words)
  } catch (error) {
    const said = isSystemError(error) ? error.message : (error as { stderr?: string }).stderr?.trim().split('\n')[0]
    throw new KernelError('KERNEL', `${tool} ${args.join(' ')}: ${said}`, { where: tool, got: said }, { cause: error })
  }
}

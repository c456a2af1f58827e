import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { labNames } from './names.ts'
import { commandLine, networkPlan } from './plan.ts'

const script = networkPlan(labNames()).map(commandLine).join('\n')

/** Runs shell lines in a network and a /run of their own, and answers what ip(8) sees there, host and container. */
async function seenAfter(lines: string): Promise<unknown[]> {
  const inside = 'ip netns exec runc-demo-contaienr'
  const looks = ['', `${inside} `].flatMap(where =>
    ['link', 'addr', 'route'].map(what => `${where}ip -j -d ${what}; echo`),
  )
  const body = `mount --make-rprivate / && mount -t tmpfs none /run && { ${lines}\n} >&2 && { ${looks.join('\n')}\n}`
  const { stdout } = await promisify(execFile)('unshare', [
    '--net',
    '--mount',
    'sh',
    '-euc',
    body,
    process.execPath,
    PROGRAM,
  ])
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => masked(JSON.parse(line)))
}

// What differs each time anything is made: hardware addresses, what is made of them, numbers and times.
const CHANGING =
  /^(address|ifindex|link_index|link_netnsid|.*_id|root_.*|.*timer|ageing_time|.*_time|inet6_addr_gen_mode|stats.*|flags|operstate)$/

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !CHANGING.test(key) && key !== 'addr_info')
  const addresses = (value as { addr_info?: { family: string }[] }).addr_info?.filter(({ family }) => family === 'inet')
  return { ...Object.fromEntries(kept.map(([key, item]) => [key, masked(item)])), ...(addresses && { addresses }) }
}

describe('the article’s fourteen commands', () => {
  it('leave what our plan leaves, as ip sees it', async () => {
    const theirs = await seenAfter(script)
    const ours = await seenAfter('"$0" "$1" network up')
    expect(JSON.stringify(theirs)).toContain('10.200.0.2')
    expect(ours).toEqual(theirs)
  })

  it('are all taken back by ours, and ours by hand', async () => {
    const { stdout } = await promisify(execFile)('unshare', [
      ...['--net', '--mount', 'sh', '-euc'],
      `mount --make-rprivate / && mount -t tmpfs none /run
       before=$(ip -j link)
       { ${script}
       } && "$0" "$1" network down && test "$(ip -j link)" = "$before" && test -z "$(ip netns list)"
       "$0" "$1" network up >&2 && ip netns del runc-demo-contaienr && ip link del runc0
       "$0" "$1" reset >&2; "$0" "$1" leaks`,
      process.execPath,
      PROGRAM,
    ])
    expect(stdout.trim().split('\n').at(-1)).toBe('none')
  })
})

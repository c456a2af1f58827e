import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const TICK = 10

/** CPU milliseconds that this program and the programs it has waited for have used until now. */
export function cpuUsed(): number {
  const { user, system } = process.cpuUsage()
  const [, , ofChildren, systemOfChildren] = ticks('self')
  return (user + system) / 1000 + (ofChildren + systemOfChildren) * TICK
}

/** CPU milliseconds that the threads of another program have used, to the nanosecond. */
export function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const used = threads.map(thread =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
  )
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}

// Too coarse for one short run, right in the sum over many. proc_pid_stat(5)
function ticks(pid: 'self'): [user: number, system: number, ofChildren: number, systemOfChildren: number] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number) as [number, number, number, number]
}

/** Forgets how much memory a program once had; this one by default. proc_pid_clear_refs(5) */
export function forgetPeak(pid: number | 'self' = 'self'): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The most memory it has had since, in bytes. */
export function peakSince(pid: number | 'self' = 'self'): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kilobytes) * 1024
}

import { readFileSync, writeFileSync } from 'node:fs'

const TICK = 10

/** CPU milliseconds that this program and the programs it has waited for have used until now. */
export function cpuUsed(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + childrensCpu()
}

// In clock ticks: too coarse for one short run, right in the sum over many. proc_pid_stat(5)
function childrensCpu(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * TICK
}

/** Forgets how much memory this program once had. proc_pid_clear_refs(5) */
export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

/** The most memory this program has had since, in bytes. */
export function peakSince(): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  return Number(kilobytes) * 1024
}

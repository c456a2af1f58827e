import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sizeName } from './hugepageSizes.ts'
import { cgroupStats, oomKills } from './stats.ts'
import { numbersOf } from './v1Stats.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ocirun-stats-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const fill = (controller: string, files: Record<string, string>) => {
  mkdirSync(join(folder, controller), { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, controller, file), text)
  return join(folder, controller)
}
// The text that is printed: numbers above 2^53 must keep all their digits.
const printed = (mode: 'v1' | 'v2', folders: Record<string, string>) => JSON.stringify(cgroupStats({ mode, folders }))

const CPUSET =
  '"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,' +
  '"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0}'
const NONE = '{"limit":0,"failcnt":0}'
const REST = '"hugetlb":{},"intel_rdt":{},"network_interfaces":null}'

describe('cgroupStats', () => {
  it('is zeros where there is nothing', () => {
    const nothing =
      `{"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},${CPUSET},` +
      `"memory":{"usage":${NONE},"swap":${NONE},"kernel":${NONE},"kernelTCP":${NONE}},"pids":{},"blkio":{},${REST}`
    expect(printed('v1', {})).toBe(nothing)
    expect(printed('v2', { unified: join(folder, 'gone') })).toBe(nothing)
  })

  it('counts all of v2', () => {
    const unified = fill('u', {
      'cpu.stat':
        'usage_usec 30\nuser_usec 20\nsystem_usec 10\nnice_usec 0\nnr_periods 3\nnr_throttled 2\nthrottled_usec 1\n',
      'cpu.pressure':
        'some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.25 avg300=0.00 total=8\n',
      'memory.current': '4096\n',
      'memory.max': 'max\n',
      'memory.peak': '8192\n',
      'memory.swap.current': '100\n',
      'memory.swap.max': '9007199254740993\n',
      'memory.stat': 'file 7\nanon 9007199254740993\n',
      'pids.current': '3\n',
      'pids.max': '9\n',
      'io.stat': '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n253:1 cost.usage=3\n',
    })
    const psi =
      '{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":9},"full":{"avg10":0,"avg60":0.25,"avg300":0,"total":8}}'
    expect(printed('v2', { unified })).toBe(
      `{"cpu":{"usage":{"total":30000,"kernel":10000,"user":20000},` +
        `"throttling":{"periods":3,"throttledPeriods":2,"throttledTime":1000},"psi":${psi}},${CPUSET},` +
        `"memory":{"cache":7,"usage":{"limit":18446744073709551615,"usage":4096,"max":8192,"failcnt":0},` +
        `"swap":{"limit":18446744073709551615,"usage":4196,"failcnt":0},"kernel":${NONE},"kernelTCP":${NONE},` +
        `"raw":{"anon":9007199254740993,"file":7}},"pids":{"current":3,"limit":9},` +
        `"blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":10},{"major":8,"op":"Write","value":20}],` +
        `"ioServicedRecursive":[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write","value":2}]},${REST}`,
    )
  })

  it('adds memory to swap, for v1 counted them so', () => {
    const unified = fill('u', {
      'memory.current': '5',
      'memory.max': '10',
      'memory.swap.current': '2',
      'memory.swap.max': '3',
    })
    expect(cgroupStats({ mode: 'v2', folders: { unified } })).toMatchObject({
      memory: { swap: { limit: 13, usage: 7 } },
    })
  })

  it('counts processes itself without the pids controller', () => {
    const unified = fill('u', { 'cgroup.procs': '4\n5\n' })
    expect(cgroupStats({ mode: 'v2', folders: { unified } })).toMatchObject({ pids: { current: 2 } })
  })

  it('counts all of v1', () => {
    const folders = {
      cpu: fill('cpu', { 'cpu.stat': 'nr_periods 3\nnr_throttled 2\nthrottled_time 1000\n' }),
      cpuacct: fill('cpuacct', {
        'cpuacct.usage': '33\n',
        'cpuacct.stat': 'user 2\nsystem 1\n',
        'cpuacct.usage_percpu': '11 22 \n',
        'cpuacct.usage_all': 'cpu user system\n0 1 10\n1 2 20\n',
      }),
      cpuset: fill('cpuset', {
        'cpuset.cpus': '0-2,5\n',
        'cpuset.mems': '0\n',
        'cpuset.sched_relax_domain_level': '-1\n',
      }),
      memory: fill('memory', {
        'memory.stat': 'cache 5\nrss 6\n',
        'memory.limit_in_bytes': '9223372036854771712\n',
        'memory.usage_in_bytes': '7\n',
        'memory.max_usage_in_bytes': '8\n',
        'memory.failcnt': '1\n',
      }),
      pids: fill('pids', { 'pids.current': '1\n', 'pids.max': 'max\n' }),
      blkio: fill('blkio', {
        'blkio.bfq.io_serviced_recursive': 'Total 0\n',
        'blkio.throttle.io_serviced_recursive': '8:16 Read 4\n8:16 Total 4\nTotal 4\n',
        'blkio.throttle.io_service_bytes_recursive': '8:16 Read 400\nTotal 400\n',
        'blkio.throttle.io_serviced': '8:16 Read 1\n',
      }),
    }
    expect(printed('v1', folders)).toBe(
      `{"cpu":{"usage":{"total":33,"percpu":[11,22],"percpu_kernel":[10,20],"percpu_user":[1,2],"kernel":10000000,` +
        `"user":20000000},"throttling":{"periods":3,"throttledPeriods":2,"throttledTime":1000}},` +
        `${CPUSET.replace('{', '{"cpus":[0,1,2,5],').replace('"mem_h', '"mems":[0],"mem_h').replace('level":0', 'level":-1')},` +
        `"memory":{"cache":5,"usage":{"limit":9223372036854771712,"usage":7,"max":8,"failcnt":1},"swap":${NONE},` +
        `"kernel":${NONE},"kernelTCP":${NONE},"raw":{"cache":5,"rss":6}},"pids":{"current":1},` +
        `"blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":16,"op":"Read","value":400}],` +
        `"ioServicedRecursive":[{"major":8,"minor":16,"op":"Read","value":4},{"major":8,"minor":16,"op":"Total","value":4}]},` +
        REST,
    )
  })
})

describe('oomKills', () => {
  it.each([
    ['v1', 'memory', 'memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n', 2],
    ['hybrid', 'memory', 'memory.oom_control', 'oom_kill_disable 1\n', 0],
    ['v2', 'unified', 'memory.events', 'low 0\noom 5\noom_kill 3\noom_group_kill 1\n', 3],
  ] as const)('%s: %s/%s', (mode, controller, file, text, kills) => {
    expect(oomKills({ mode, folders: { [controller]: fill('x', { [file]: text }) } })).toBe(kills)
    expect(oomKills({ mode, folders: { [controller]: join(folder, 'gone') } })).toBe(0)
    expect(oomKills({ mode, folders: {} })).toBe(0)
  })
})

it.each([
  ['', undefined],
  ['3', [3]],
  ['0-2,5,7-8', [0, 1, 2, 5, 7, 8]],
])('the list %j is %j', (text, numbers) => expect(numbersOf(text)).toEqual(numbers))

it.each([
  ['64', '64KB'],
  ['2048', '2MB'],
  ['32768', '32MB'],
  ['1048576', '1GB'],
])('%s kB pages are %s', (kilobytes, name) => expect(sizeName(kilobytes)).toBe(name))

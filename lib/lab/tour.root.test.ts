import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { leaks } from './leaks.ts'

// The walk makes a bridge: it gets a network of its own to make it in, so that it meets nobody else's.
const inOwnNetwork = (...args: string[]) => [
  '--net',
  'sh',
  '-c',
  'ip link set lo up && exec "$0" "$@"',
  process.execPath,
  PROGRAM,
  ...args,
]

const temporary = () => readdirSync(tmpdir()).filter(name => name.startsWith('ocilab-testkill'))

interface Line {
  type: string
  id?: string
  state?: string
  lines?: string[]
}

async function walk(...args: string[]): Promise<Line[]> {
  const { stdout } = await promisify(execFile)('unshare', inOwnNetwork('tour', '--json', ...args), {
    maxBuffer: 1 << 24,
  })
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

describe('the tour', () => {
  it('walks through the whole article, and every check holds', async () => {
    const lines = await walk('--id', 'testwalk')
    const checks = lines.filter(line => line.type === 'check')
    expect(checks.filter(check => check.state !== 'pass')).toEqual([])
    expect(checks.length).toBeGreaterThan(25)
    expect(lines.filter(line => line.type === 'step')).toHaveLength(18)
    const hello = lines.findIndex(line => line.type === 'step' && line.id === '14')
    expect(lines.slice(hello).find(line => line.type === 'output')?.lines).toEqual(['hello world'])
    expect(await leaks('testwalk')).toEqual([])
  })

  it('leaves out what the runtime does not know, and says so', async () => {
    const lines = await walk('--id', 'testrunc', '--runtime', 'runc')
    const { stdout } = await promisify(execFile)('runc', ['features'])
    const known = JSON.parse(stdout).linux.netDevices?.enabled === true
    const reason = expect.stringContaining('linux.netDevices')
    expect(lines.filter(line => line.type === 'skipped')).toEqual(known ? [] : [{ type: 'skipped', id: '17', reason }])
    expect(lines.at(-1)).toMatchObject({ id: '18.1', state: 'pass' })
  })

  it('leaves nothing behind that reset would not find, whenever it is killed', async () => {
    for (const moment of [400, 800, 1100]) {
      const child = spawn('unshare', inOwnNetwork('tour', '--json', '--id', 'testkill'), { stdio: 'ignore' })
      await new Promise(resolve => setTimeout(resolve, moment))
      const ended = new Promise(resolve => child.once('close', resolve))
      child.kill('SIGKILL')
      await ended
      await promisify(execFile)(process.execPath, [PROGRAM, 'reset', '--id', 'testkill'])
      expect(await leaks('testkill')).toEqual([])
    }
    expect(temporary()).toEqual([])
    expect(
      existsSync('/run/ocilab') ? readdirSync('/run/ocilab').filter(name => name.includes('testkill')) : [],
    ).toEqual([])
  })

  it('ends within a second of an interrupt, and cleans up', async () => {
    const child = spawn('unshare', inOwnNetwork('tour', '--id', 'testint'), { stdio: ['ignore', 'pipe', 'pipe'] })
    await new Promise(resolve => child.stdout.once('data', resolve))
    const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(await leaks('testint')).toEqual([])
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-cli-vm-'))
const said = join(folder, 'said')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `ocilab vm` where Lima is `script`, in a process group of its own, as a terminal starts it. */
function vm(action: string, script: string): { child: ChildProcess; status: Promise<number | null> } {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'limactl'), `#!/bin/sh\n[ "$1" != list ] || exit 0\n${script}\n`, { mode: 0o755 })
  const child = spawn('/bin/sh', ['-c', `exec '${process.execPath}' '${PROGRAM}' vm ${action} 2>'${said}'`], {
    env: { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) },
    stdio: 'ignore',
    detached: true,
  })
  return { child, status: new Promise(resolve => child.once('exit', resolve)) }
}

it('a shell ends as its last command did, and that is no error', async () => {
  expect(await vm('shell', 'exit 3').status).toBe(3)
  expect(readFileSync(said, 'utf8')).toBe('$ cd lab-vm && limactl shell ocilab sudo -i\n')
})

it('what fails says which command did', async () => {
  expect(await vm('down', 'exit 3').status).toBe(1)
  expect(readFileSync(said, 'utf8')).toContain('ocilab: Lima: limactl stop: exit 3 [COMMAND_FAILED]\n')
})

it('Ctrl-C ends what is at work, and is over when that has cleared up', async () => {
  const [begun, cleared] = [join(folder, 'begun'), join(folder, 'cleared')]
  const clearUp = `trap 'sleep 1; : > ${cleared}; exit 130' INT`
  const { child, status } = vm('down', `${clearUp}\n: > ${begun}\nwhile :; do sleep 0.1; done`)
  await expect.poll(() => existsSync(begun), { timeout: 30_000 }).toBe(true)
  process.kill(-child.pid!, 'SIGINT')
  expect(await status).toBe(130)
  expect(existsSync(cleared)).toBe(true)
  expect(readFileSync(said, 'utf8')).toBe('$ cd lab-vm && limactl stop ocilab\n')
})

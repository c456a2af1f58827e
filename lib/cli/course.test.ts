import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-cli-course-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const env = { ...process.env, OCILAB_DIR: folder, LC_ALL: 'C', NO_COLOR: '1' }

function ocilab(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise(resolve =>
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    ),
  )
}

describe('the course in a terminal', () => {
  it('from the first look to the last', async () => {
    expect((await ocilab('lesson')).stdout).toMatch(/^ {2}00-start-here +0\/2 {2}Start here$/m)
    expect((await ocilab('lesson', '00')).stdout).toContain('lab-work/00-start-here')
    const before = await ocilab('check', '00')
    expect(before).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('✘ 00.1 you know how long a sha256 is: not yet'),
    })
    expect(before.stdout).toContain('→ ocilab hint 00.1')
    expect((await ocilab('hint', '00.1')).stdout).toMatch(/^hint 1 of 3: .*\n$/)
    expect((await ocilab('hint', '00.1', '--lang', 'zh')).stdout).toMatch(/提示 1\/3：.*\n提示 2\/3：/)
    expect((await ocilab('hint', '00.1', '--solution')).stdout).toContain('hexadecimal.length')
    expect(await ocilab('answer', '00.1', '63')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('seen: 63'),
    })
    expect(await ocilab('answer', '00.1', '64')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('256 bits'),
    })
    expect(await ocilab('check', '00.1')).toMatchObject({ status: 0 })
    expect((await ocilab('lesson')).stdout).toContain('1/2')
    const json = JSON.parse((await ocilab('check', '00', '--json')).stdout)
    expect(json).toMatchObject({ version: 3, status: 'fail', tests: [{ status: 'pass' }, { status: 'fail' }] })
    expect((await ocilab('reset', '00.1')).stdout).toBe('00.1 is undone\n')
    expect(JSON.parse(readFileSync(join(folder, '.ocilab/state.json'), 'utf8')).steps).toEqual({})
  })

  it.each([
    [['check', '77.1'], 2, 'lesson 77.1: there is none (want one of 00-start-here'],
    [['check', '00.7'], 2, 'check 00.7: there is none (want one of 00.1, 00.2)'],
    [['hint'], 2, 'missing required argument'],
    [['reset', '00.7'], 2, 'there is none'],
    [['watch', '99'], 2, 'there is none'],
    [['notebook', 'run', '99'], 2, 'there is none'],
    [['notebook', 'run', 'nonesuch.ipynb'], 1, 'nonesuch.ipynb: cannot be read'],
    [['kernel', 'nonesuch.json'], 1, 'want the connection file of a kernel'],
  ])('%j: exit %i', async (args, status, message) => {
    const got = await ocilab(...args)
    expect(got.stderr).toContain(message)
    expect(got.status).toBe(status)
  })

  it('watches until it is interrupted', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'watch', '00'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const first = await new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data))))
    expect(first).toContain('✘ 00.1')
    const ended = new Promise(resolve => child.once('close', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })
})

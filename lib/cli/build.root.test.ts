import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeContext } from '../engine/build/corpus/testCase.ts'
import { storeWithBase } from '../engine/build/corpus/testCorpus.ts'
import { PROGRAM } from '../package.ts'
import { testFolder } from '../transport/testImages.ts'

const folder = testFolder()
const store = `${folder}/store`
const context = writeContext({
  dockerfile:
    'FROM base:v1 AS first\nARG WHO=nobody\nRUN echo hello $WHO\nCOPY f /\nFROM first\nRUN echo oh no && exit 42\n',
  files: { f: 'f', wrong: 'FROM base:v1\nRUNN x\n', slow: 'FROM base:v1\nRUN echo rea""dy; sleep 1000\n' },
})

beforeAll(() => storeWithBase(store))
afterAll(() => context.remove())

function ocilab(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const whole = [PROGRAM, 'build', '--store', store, ...args, context.path]
  return new Promise(resolve =>
    execFile(process.execPath, whole, (error, stdout, stderr) =>
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    ),
  )
}

describe('ocilab build', () => {
  it('prints what docker prints', async () => {
    const { status, stdout } = await ocilab(
      '--target',
      'first',
      '-t',
      'demo',
      '--build-arg',
      'WHO=you',
      '--label',
      'a=b',
    )
    expect(stdout.replace(/[0-9a-f]{12}/g, 'ID').split('\n')).toEqual([
      ...['Step 1/5 : FROM base:v1 AS first', ' ---> ID', 'Step 2/5 : ARG WHO=nobody', ' ---> ID'],
      ...[
        'Step 3/5 : RUN echo hello $WHO',
        ' ---> Running in ID',
        'hello you',
        'Removing intermediate container ID',
        ' ---> ID',
      ],
      ...['Step 4/5 : COPY f /', ' ---> ID', 'Step 5/5 : LABEL a=b', ' ---> ID'],
      ...['Successfully built ID', 'Successfully tagged demo:latest', ''],
    ])
    expect(status).toBe(0)
  })

  it('prints only the id when it is to be quiet, and the reasons when it is to explain', async () => {
    expect((await ocilab('--target', 'first', '-q')).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    const { stdout } = await ocilab('--target', 'first', '-q', '--explain')
    expect(stdout).toMatch(
      /COPY f \/\n {2}layer {4}[0-9a-f]{12} {2}\d+ bytes as a tar\n {2}chain id [0-9a-f]{12}\n {2}history /,
    )
  })

  it.each([
    [
      [],
      "The command '/bin/sh -c echo oh no && exit 42' returned a non-zero code: 42; it said: oh no [COMMAND_FAILED]",
    ],
    [
      ['-f', `${context.path}/wrong`],
      'wrong:2:1: dockerfile parse error on line 2: unknown instruction: RUNN [DOCKERFILE_INVALID]',
    ],
    [['--target', 'nope'], 'failed to reach build target nope in Dockerfile [ARGUMENT_INVALID]'],
    [['--build-arg', '=x'], 'want NAME=VALUE [ARGUMENT_INVALID]'],
  ])('%j: in one line, and tags nothing', async (flags, message) => {
    const { status, stderr } = await ocilab('-t', 'never', ...flags)
    expect(stderr).toContain(`ocilab: ${message.startsWith('want') ? '--build-arg "=x": ' : ''}${message}`)
    expect(stderr).not.toContain('    at ')
    expect(status).toBe(message.includes('ARGUMENT') ? 2 : 1)
    expect(readFileSync(`${store}/index.json`, 'utf8')).not.toContain('never')
  })

  it('ends with 130 when it is interrupted, and leaves nothing', async () => {
    const child = spawn(
      process.execPath,
      [PROGRAM, 'build', '--store', store, '-f', `${context.path}/slow`, context.path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const exited = once(child, 'exit')
    for await (const chunk of child.stdout) if (String(chunk).includes('ready')) break
    child.kill('SIGINT')
    expect(await exited).toEqual([130, null])
    expect(readdirSync(`${store}/run`)).toEqual([])
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf } from '../../bytes/collect.ts'
import type { LabEvent } from '../../events.ts'
import { PROGRAM } from '../../package.ts'
import { testFolder, tree } from '../../transport/testImages.ts'
import { build } from './build.ts'
import { writeContext } from './corpus/testCase.ts'
import { storeWithBase } from './corpus/testCorpus.ts'

const folder = testFolder()
const store = `${folder}/store`
// The file has no bytes of its own, but takes a while to be written into a layer and out of it.
const context = writeContext({ dockerfile: 'FROM base:v1\nCOPY big /\nRUN true\n', files: { big: '' } })
beforeAll(async () => {
  await storeWithBase(store)
  truncateSync(`${context.path}/big`, 128 << 20)
})
afterAll(() => context.remove())

/** All that a build has while it runs, and nothing of it later. */
const left = () => [
  ...tree(store).filter(path => /\.ocilab\.|\.tmp$|^run\/./.test(path)),
  ...readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.includes(folder)),
]
const isTagged = () => readFileSync(`${store}/index.json`, 'utf8').includes('never')
const another = () => build('-', { store, stdin: bytesOf(Buffer.from('FROM scratch\nLABEL a=b')) })

function hasBegun(parent: string): boolean {
  if (!existsSync(parent)) return false
  for (const name of readdirSync(parent).filter(it => it.startsWith('.ocilab.')))
    for (const file of readdirSync(join(parent, name))) {
      const path = join(parent, name, file)
      if (existsSync(path) && (statSync(path).isDirectory() || statSync(path).size > 0)) return true
    }
  return false
}

async function untilBegun(child: ChildProcess, parent: string): Promise<void> {
  while (child.exitCode === null && !hasBegun(parent)) await sleep(1)
}

describe.each(['SIGINT', 'SIGKILL'] as const)('%s', signal => {
  it.each([
    ['COPY writes its layer', store, true],
    ['RUN unpacks the layers below', `${store}/s`, false],
  ])('while %s', async (_when, parent, anew) => {
    const flags = ['--quiet', '--store', store, '-t', 'never', ...(anew ? ['--no-cache'] : [])]
    // For a RUN to be begun, what is below it has to be there, and its folders must not.
    if (!anew) await build(context.path, { store, file: '-', stdin: bytesOf(Buffer.from('FROM base:v1\nCOPY big /')) })
    const child = spawn(process.execPath, [PROGRAM, 'build', ...flags, context.path], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    await untilBegun(child, parent)
    child.kill(signal)
    expect(await exited).toEqual(signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL'])
    if (signal === 'SIGKILL') {
      expect(left()).not.toEqual([])
      await another()
    }
    expect(left()).toEqual([])
    expect(isTagged()).toBe(false)
  })
})

describe('just before the tag', () => {
  it('an interrupt leaves the image without its name', async () => {
    const stop = new AbortController()
    const onEvent = (event: LabEvent) => {
      if (event.type === 'build' && event.line.startsWith('Successfully built')) stop.abort()
    }
    const stdin = bytesOf(Buffer.from('FROM scratch\nLABEL c=d'))
    await expect(build('-', { store, stdin, tags: ['never'], onEvent, signal: stop.signal })).rejects.toThrow('abort')
    expect([left(), isTagged()]).toEqual([[], false])
  })

  it('so does a kill', async () => {
    const program = `import { build } from ${JSON.stringify(`${import.meta.dirname}/build.ts`)}
const onEvent = it => it.type === 'build' && it.line.startsWith('Successfully built') && process.kill(process.pid, 'SIGKILL')
async function* stdin() { yield Buffer.from('FROM scratch\\nWORKDIR /e') }
await build('-', { store: ${JSON.stringify(store)}, stdin: stdin(), tags: ['never'], onEvent })`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'inherit' })
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    await another()
    expect([left(), isTagged()]).toEqual([[], false])
  })
})

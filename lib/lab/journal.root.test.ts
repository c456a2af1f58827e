import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labNames } from '../network/names.ts'
import { newNetns, type OpenNetns } from '../network/netns.ts'
import { networkPlan } from '../network/plan.ts'
import { topology } from '../network/topology.ts'
import { openJournal, reset } from './journal.ts'
import { leaks } from './leaks.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-journal-'))
const dir = join(folder, 'journals')
let host: OpenNetns
beforeAll(async () => {
  host = await newNetns()
})
afterAll(() => {
  host.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a journal', () => {
  it('remembers what was not taken back, across programs', async () => {
    const made = join(folder, 'made')
    mkdirSync(made)
    const first = openJournal('remember', dir)
    first.onEvent({ type: 'change', undo: { kind: 'directory', path: made } })
    first.onEvent({ type: 'change', undo: { kind: 'directory', path: join(folder, 'never') } })
    first.onEvent({ type: 'undone', undo: { kind: 'directory', path: join(folder, 'never') } })
    first.close()
    expect((await leaks('remember', { dir })).map(leak => leak.what)).toEqual([`folder ${made}`])
    await reset('remember', { dir })
    expect(existsSync(made)).toBe(false)
    expect(await leaks('remember', { dir })).toEqual([])
  })

  it('goes when nothing is left in it', () => {
    const journal = openJournal('short', dir)
    const undo = { kind: 'directory', path: join(folder, 'x') } as const
    journal.onEvent({ type: 'change', undo })
    expect(existsSync(join(dir, 'short.journal'))).toBe(true)
    journal.onEvent({ type: 'undone', undo })
    journal.close()
    expect(existsSync(join(dir, 'short.journal'))).toBe(false)
    // Another mount namespace may have a folder of its own there, which went with it.
    expect(existsSync(dir)).toBe(true)
  })

  it('takes in what a program put aside that was killed then', async () => {
    const made = join(folder, 'aside')
    mkdirSync(made)
    const journal = openJournal('aside', dir)
    journal.onEvent({ type: 'change', undo: { kind: 'directory', path: made } })
    journal.close()
    // No process ever has this number: the kernel's highest is 4194304.
    renameSync(join(dir, 'aside.journal'), join(dir, 'aside.journal~9999999'))
    await reset('aside', { dir })
    expect(existsSync(made)).toBe(false)
    expect(existsSync(dir) ? readdirSync(dir).filter(name => name.startsWith('aside')) : []).toEqual([])
  })

  it('removes no folder a lab does not make', async () => {
    const journal = openJournal('evil', dir)
    const [top, beside] = ['/ocilab-journal-test', join(folder, 'beside')]
    mkdirSync(top)
    mkdirSync(beside)
    try {
      for (const path of [top, `${folder}/journals/../beside`]) {
        journal.onEvent({ type: 'change', undo: { kind: 'directory', path } })
        await expect(journal.undo()).rejects.toThrow('not a folder a lab makes')
        expect(existsSync(path)).toBe(true)
        journal.onEvent({ type: 'undone', undo: { kind: 'directory', path } })
      }
    } finally {
      journal.close()
      rmdirSync(top)
    }
  })
})

describe('a program killed in the middle of a plan', () => {
  const names = labNames('killtest')
  const module = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href)
  const program = join(folder, 'program.ts')
  writeFileSync(
    program,
    `import { openJournal } from ${module('journal.ts')}
     import { applyPlan, networkPlan } from ${module('../network/plan.ts')}
     import { labNames } from ${module('../network/names.ts')}
     const [dir, netns, last] = process.argv.slice(2)
     const journal = openJournal('killtest', dir)
     let commands = 0
     await applyPlan(networkPlan(labNames('killtest')), { netns, onEvent(event) {
       journal.onEvent(event)
       if (event.type === 'command' && ++commands > Number(last)) process.kill(process.pid, 'SIGKILL')
     } })`,
  )

  it.each(networkPlan(names).map((_step, index) => index))(
    'after %i steps leaves nothing that reset does not take back',
    async last => {
      const child = spawn(process.execPath, [program, dir, host.path, String(last)], { stdio: 'inherit' })
      const signal = await new Promise(resolve => child.once('close', (_status, how) => resolve(how)))
      expect(signal).toBe('SIGKILL')
      await reset('killtest', { dir, netns: host.path })
      expect(await leaks('killtest', { dir, netns: host.path })).toEqual([])
      expect((await topology([], { netns: host.path }))[0]!.links.map(link => link.name)).toEqual(['lo'])
    },
  )
})

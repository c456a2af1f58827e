import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { OciError } from '../../errors.ts'
import type { Global } from './global.ts'
import { reportError } from './log.ts'

// As rmSync says what it has no name for.
const unnamed = Object.assign(new Error(", Unknown error: Input/output error '/x'"), {
  code: '',
  path: '/x',
  syscall: 'rm',
})

it.each([
  ['an error of ours', new OciError('CONTAINER_EXISTS', 'c: exists'), 'c: exists'],
  ['with a hint', new OciError('CONTAINER_EXISTS', 'c: exists', { hint: 'delete it' }), 'c: exists (delete it)'],
  ['a system call of Node’s', unnamed, '/x: Input/output error [IO]'],
  ['what nobody foresaw', new Error('first\n    at second'), 'first'],
])('%s is one line of the log', (_what, error, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocilab-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'log')
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => written.mockRestore())
  expect(reportError(error, { log, format: 'json' } as Global)).toBe(1)
  expect(JSON.parse(readFileSync(log, 'utf8'))).toMatchObject({ level: 'error', msg: said })
  expect(written.mock.calls).toEqual([[`${said}\n`]])
})

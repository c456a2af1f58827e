import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { PROGRAM } from '../package.ts'
import { wholeConfig } from '../spec/runtime/testConfig.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-validate-'))
const file = join(folder, 'config.json')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const validate = (...args: string[]) =>
  new Promise<{ status: number; stdout: string; stderr: string }>(resolve =>
    execFile(process.execPath, [PROGRAM, 'validate', ...args], (error, stdout, stderr) =>
      resolve({ status: Number(error?.code ?? 0), stdout, stderr }),
    ),
  )

describe('ocilab validate', () => {
  it.each([
    ['a bundle', folder],
    ['its config.json', file],
  ])('finds nothing wrong in %s', async (_, path) => {
    writeFileSync(file, JSON.stringify(wholeConfig()))
    expect(await validate(path)).toEqual({ status: 0, stdout: `${file}: valid\n`, stderr: '' })
  })

  it('names every wrong field, and exits with 1', async () => {
    writeFileSync(file, JSON.stringify({ ...wholeConfig(), hostname: 1, annotations: { a: 2 } }))
    expect(await validate(folder)).toEqual({
      status: 1,
      stdout:
        'hostname: of the wrong type (want a string, got 1)\n' +
        'annotations["a"]: of the wrong type (want a string, got 2)\n',
      stderr: '',
    })
    expect(JSON.parse((await validate(folder, '--json')).stdout)).toMatchObject([
      { path: 'hostname', got: 1 },
      { path: 'annotations["a"]', got: 2 },
    ])
  })

  it.each([
    ['{', 'not JSON'],
    ['\xff', 'not JSON'],
  ])('says of %j that it is no JSON', async (text, message) => {
    writeFileSync(file, text, 'latin1')
    const { status, stderr } = await validate(file)
    expect(stderr).toContain(message)
    expect(status).toBe(1)
  })
})

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runTool } from '../lab/tool.ts'
import { PROGRAM } from '../package.ts'
import { LOOPBACK, listeningAt } from './testListening.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-cli-lab-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function ocilab(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env: { ...process.env, OCILAB_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', text => (said[name] += text))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  return { child, said, ended }
}

describe('ocilab lab', () => {
  it('opens the course, with our kernel, and leaves nothing running', async () => {
    const own = join(folder, 'lab-work/notebooks/en')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, '00-start-here.ipynb'), 'the learner’s own work')
    const { child, said, ended } = ocilab(['lab', '--no-browser', '--lang', 'zh'])
    const url = await new Promise<URL>((resolve, reject) => {
      child.stdout.once('data', data => resolve(new URL(String(data).trim())))
      ended.then(() => reject(new Error(said.stderr)))
    })
    expect(url.pathname).toBe('/lab/tree/notebooks/zh/00-start-here.ipynb')
    const token = url.searchParams.get('token')
    const answer = await fetch(`${url.origin}/api/kernelspecs?token=${token}`)
    const { kernelspecs } = (await answer.json()) as { kernelspecs: Record<string, { spec: { argv: string[] } }> }
    expect(kernelspecs.ocilab?.spec.argv[0]).toBe(process.execPath)
    expect(readdirSync(join(folder, 'lab-work/notebooks/zh'))).toEqual(readdirSync(own))
    expect(readFileSync(join(own, '00-start-here.ipynb'), 'utf8')).toBe('the learner’s own work')
    expect((await fetch(`${url.origin}/api/kernelspecs`)).status).toBe(403)
    expect(listeningAt(Number(url.port))).toEqual([LOOPBACK])
    // Who looks at the list of processes does not see the token.
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain(token)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    await expect(fetch(url.origin)).rejects.toThrow()
  }, 600_000)

  it('says how to get what it needs when there is no Python', async () => {
    const { said, ended } = ocilab(['lab', '--no-browser'], {
      PATH: '/nonexistent',
      OCILAB_JUPYTER: join(folder, 'none'),
    })
    expect(await ended).toBe(1)
    expect(said.stderr).toMatch(/JupyterLab: python3: not installed here \[TOOL_MISSING\]\n {2}hint: .*python3-venv/)
    expect(existsSync(join(folder, 'none/jupyterlab.json'))).toBe(false)
  })

  it('says what to do when PyPI cannot be reached, and leaves no half of an environment', async () => {
    const home = join(folder, 'offline')
    const nowhere = { PIP_INDEX_URL: 'http://127.0.0.1:1/', PIP_RETRIES: '0', PIP_CONFIG_FILE: '/dev/null' }
    const hidden = { ...nowhere, OCILAB_JUPYTER: home, PATH: await pathWithout('jupyter-notebook') }
    const { said, ended } = ocilab(['lab', '--no-browser'], hidden)
    expect(await ended).toBe(1)
    expect(said.stderr).toMatch(/pip install[\s\S]*\n {2}hint: is PyPI reachable\? Without it: .*jupyter-notebook/)
    expect(readdirSync(home)).toEqual([])
  })
})

/** A PATH with python3 on it, and without that program. */
async function pathWithout(program: string): Promise<string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const python = (await runTool('python3', ['-c', 'import sys; print(sys.executable)'])).trim()
  writeFileSync(join(bin, 'python3'), `#!/bin/sh\nexec ${python} "$@"\n`, { mode: 0o755 })
  expect(existsSync(join(bin, program))).toBe(false)
  return bin
}

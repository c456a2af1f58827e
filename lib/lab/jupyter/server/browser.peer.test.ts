import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOTEBOOKS } from '../../notebook/course.ts'
import { configureJupyter, installJupyter } from './install.ts'
import { type RunningJupyter, startJupyter } from './server.ts'
import { jupyterLab, openBrowser } from './testBrowser.ts'

// The whole way of a learner: JupyterLab as `ocilab lab` installs and starts it, in a browser.
const home = fileURLToPath(new URL('../../../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'ocilab-browser-'))
let server: RunningJupyter
let browser: { page: Page; close(): Promise<void> }

beforeAll(async () => {
  cpSync(NOTEBOOKS, join(root, 'notebooks'), { recursive: true })
  mkdirSync(join(root, '.ocilab'))
  const program = await installJupyter(() => {})
  expect(program.kind).toBe('lab')
  const configuration = await configureJupyter(home)
  const folder = join(root, 'notebooks')
  const log = join(root, '.ocilab/jupyter.log')
  server = await startJupyter(program, { folder, configuration, notebook: 'en/00-start-here.ipynb', log })
  browser = await openBrowser()
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
  rmSync(root, { recursive: true, force: true })
}, 60_000)

describe('a learner in JupyterLab', () => {
  it('runs all of lesson 00, makes a mistake, sees a hint, mends it, and sees the check go green', async () => {
    const { page } = browser
    const lab = jupyterLab(page)
    await lab.open(server.url)
    await lab.runAll()
    const check = "lab.check('00.1')"
    await lab.output(check).getByText('✘ 00.1 you know how long a sha256 is: not yet').waitFor()
    await lab.output('lab.report()').getByText('0 of 2 steps done').waitFor()

    await lab.run("lab.answer('00.1'", "await lab.answer('00.1', 71)")
    await lab.run(check)
    await lab.output(check).getByText('seen: 71').waitFor()
    await lab.run(check, "await lab.hint('00.1')")
    await lab.output("lab.hint('00.1')").getByText('hint 1 of 3').waitFor()
    await lab.run("lab.hint('00.1')", `await ${check}`)

    await lab.run("lab.answer('00.1'", "await lab.answer('00.1', 64)")
    await lab.run(check)
    await lab.output(check).getByText('✔ 00.1 you know how long a sha256 is: passed').waitFor()
    await lab.output(check).getByText('256 bits are 64 hexadecimal digits').waitFor()
  })

  it('sees a type error where it is, before anything runs', async () => {
    const lab = jupyterLab(browser.page)
    await lab.run("lab.check('00.2')", "const wrong: number = 'text'")
    await lab.output('const wrong').getByText("line 1: Type 'string' is not assignable to type 'number'").waitFor()
    await lab.run('const wrong', "await lab.check('00.2')")
  })
})

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labNames } from '../../../network/names.ts'
import { NOTEBOOKS } from '../../notebook/course.ts'
import { writeGallery } from '../../notebook/gallery.ts'
import { runTool } from '../../tool.ts'
import { configureJupyter, installJupyter } from './install.ts'
import { type RunningJupyter, type ServerOptions, startJupyter } from './server.ts'
import { jupyterLab, openBrowser } from './testBrowser.ts'

// The whole way of a learner: JupyterLab as `ocilab lab` installs and starts it, in a browser.
const home = fileURLToPath(new URL('../../../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'ocilab-browser-'))
let server: RunningJupyter
let start: (options: Partial<ServerOptions>) => Promise<RunningJupyter>
let browser: { page: Page; close(): Promise<void> }

beforeAll(async () => {
  process.env.OCILAB_ID = 'browser'
  cpSync(NOTEBOOKS, join(root, 'notebooks'), { recursive: true })
  mkdirSync(join(root, '.ocilab'))
  const program = await installJupyter(() => {})
  expect(program.kind).toBe('lab')
  const configuration = await configureJupyter(home)
  const folder = join(root, 'notebooks')
  const log = join(root, '.ocilab/jupyter.log')
  start = options =>
    startJupyter(program, { folder, configuration, notebook: 'en/00-start-here.ipynb', log, ...options })
  server = await start({})
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

  it('opens the lesson of the network, makes the bridge, and sees it drawn', async () => {
    const lab = jupyterLab(browser.page)
    await lab.open(server.url.replace('00-start-here', '08-veth-bridge-netns'))
    for (const cell of ["lab.begin('08", 'const plan =', 'plan.slice(0, 0)', 'const draw =']) await lab.run(cell)
    const drawing = lab.output('const draw =')
    await drawing.locator('.jp-RenderedMermaid img, .jp-RenderedMermaid svg').first().waitFor()
    // Who cannot see the drawing reads the same: the goal is there, and the bridge is not.
    const text = () => drawing.locator('details').first().textContent()
    expect(await text()).toContain(labNames('browser').bridge)
    const before = await text()

    await lab.run('plan.slice(0, 0)', 'await applyPlan(plan.slice(0, 3), lab.options)')
    await lab.output('plan.slice(0, 3)').getByText('ip addr add').waitFor()
    await lab.run('const draw =')
    await expect.poll(text, { timeout: 60_000 }).not.toBe(before)
    await lab.run("lab.check('08.1')")
    await lab.output("lab.check('08.1')").getByText('✔ 08.1').waitFor()
    await lab.run('lab.cleanup()')
    await lab.output('lab.cleanup()').getByText('none').waitFor()
  }, 120_000)

  it('of the gallery sees its diagrams without the internet', async () => {
    const bundle = { 'text/plain': 'a to b', 'text/markdown': '```mermaid\nflowchart LR\n  a --> b\n```' }
    const output = { output_type: 'display_data' as const, data: bundle, metadata: {} }
    const cells = [{ cell_type: 'code' as const, id: 'x', metadata: { tags: [] }, source: ['x'], outputs: [output] }]
    const notebook = { nbformat: 4 as const, nbformat_minor: 5 as const, metadata: {}, cells }
    const result = { notebook, failures: [], checks: {} }
    await writeGallery(join(root, 'gallery'), [{ lesson: '00-x', language: 'en', result }])
    const { page } = browser
    await page.context().setOffline(true)
    await page.goto(`file://${root}/gallery/en/00-x.html`)
    await page.locator('pre.mermaid svg').waitFor()
    await page.context().setOffline(false)
  })

  it('whose port is taken is told so, and gets another when any will do', async () => {
    const port = Number(new URL(server.url).port)
    const log = join(root, '.ocilab/second.log')
    await expect(start({ port, log })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    const second = await start({ log })
    expect(Number(new URL(second.url).port)).not.toBe(port)
    await second.close()
  })

  it('has a server that lets nobody in without the token, and that nobody else can reach', async () => {
    const { origin } = new URL(server.url)
    expect((await fetch(`${origin}/api/contents`)).status).toBe(403)
    const listening = await runTool('ss', ['-ltnH', `sport = :${new URL(server.url).port}`])
    expect(listening).toMatch(/127\.0\.0\.1:/)
    expect(listening).not.toMatch(/0\.0\.0\.0:\d+ +0\.0\.0\.0|\*:\d+ |\[::\]:\d+ /)
  })
})

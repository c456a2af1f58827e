import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Language, Text } from '../claim.ts'
import { openBrowser } from '../jupyter/server/testBrowser.ts'
import type { Variant } from './build.ts'
import { courseNotebooks, LANGUAGES } from './course.ts'
import { type Exhibit, writeGallery } from './gallery.ts'
import { runInKernel } from './session.ts'
import { lessonNames, readLesson, stepsOf } from './words.ts'

/** What came of the solved runs, by page: `en/03-oci-layout.html`. */
const exhibits = new Map<string, Exhibit>()

// Each lesson three times through the real kernel: as it is handed out, solved in the other language, and, in the same
// folder, solved again: what a first time leaves must not be in the way of a second.
describe.concurrent.each(lessonNames())('%s', name => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'ocilab-course-test-'))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const steps = stepsOf(readLesson(name))

  async function run(language: Language, variant: Variant, folder?: string) {
    const [{ notebook } = { notebook: undefined }] = courseNotebooks([name], [language], variant)
    // They run at the same time, and containers are known to the whole machine: each is a lab of its own.
    const labId = `course${name.slice(0, 2)}-${variant}`
    const result = await runInKernel(notebook!, language, { root: folder, ownNetwork: true, labId })
    expect(result.failures).toEqual([])
    const last = result.notebook.cells.at(-1)!
    const said = last.outputs!.map(output => (output.output_type === 'stream' ? output.text : '')).join('')
    expect(said.trimEnd().split('\n').at(-1)).toBe(language === 'zh' ? '没有残留' : 'none')
    if (variant === 'solved') exhibits.set(`${language}/${name}.html`, { lesson: name, language, result })
    return result.checks
  }

  it('runs unsolved, and passes no check', async () => {
    const checks = await run('en', 'learner')
    expect(Object.keys(checks)).toEqual(steps)
    expect(Object.entries(checks).filter(([, state]) => state === 'pass')).toEqual([])
  }, 180_000)

  it('passes every check when it is solved, twice in a row', async () => {
    for (const language of ['zh', 'en'] as const) {
      const checks = await run(language, 'solved', root)
      expect(Object.entries(checks).filter(([, state]) => state === 'fail')).toEqual([])
      expect(Object.keys(checks)).toEqual(steps)
    }
    const { status, tests } = JSON.parse(readFileSync(join(root, '.ocilab/results.json'), 'utf8'))
    expect([status, tests.length > 0]).toEqual(['pass', true])
  }, 300_000)
})

// As a browser without a network has it: OCILAB_GALLERY=FOLDER keeps it there, to be looked at.
describe('the gallery of these runs', () => {
  const pages = LANGUAGES.flatMap(language => lessonNames().map(name => `${language}/${name}.html`))
  let folder: string
  let browser: Awaited<ReturnType<typeof openBrowser>>
  let troubles: string[]
  beforeAll(async () => {
    folder = process.env.OCILAB_GALLERY ?? mkdtempSync(join(tmpdir(), 'ocilab-gallery-'))
    await writeGallery(
      folder,
      pages.flatMap(page => exhibits.get(page) ?? []),
    )
    browser = await openBrowser()
    browser.page.on('request', request => {
      if (!request.url().startsWith('file:')) troubles.push(`asks for ${request.url()}`)
    })
    browser.page.on('console', message => {
      if (message.type() === 'error') troubles.push(message.text())
    })
    browser.page.on('pageerror', error => troubles.push(error.message))
  })
  afterAll(async () => {
    await browser?.close()
    if (!process.env.OCILAB_GALLERY) rmSync(folder, { recursive: true, force: true })
  })

  it.each(['index.html', ...pages])('%s is whole', async path => {
    troubles = []
    const { page } = browser
    await page.goto(pathToFileURL(join(folder, path)).href)
    await page.waitForFunction("[...document.querySelectorAll('pre.mermaid')].every(it => it.querySelector('svg'))")
    expect(await page.locator('svg[aria-roledescription=error]').count()).toBe(0)
    const exhibit = exhibits.get(path)
    if (exhibit) {
      const { lesson, language } = exhibit
      const title = readLesson(lesson).parts.find(({ kind }) => kind === 'title') as { text: Text }
      expect(await page.title()).toBe(`${lesson.slice(0, 2)} ${title.text[language]} · ocilab`)
      expect(await page.locator('html').getAttribute('lang')).toBe(language)
    }
    const links = await page
      .locator('a[href]')
      .evaluateAll(all => all.map(it => (it as unknown as { href: string }).href))
    expect(links.filter(isDead)).toEqual([])
    expect(troubles).toEqual([])
  })
})

/** A link to the web is whole; one to a file finds it, and in it the place that it names. */
function isDead(link: string): boolean {
  if (link.startsWith('https://')) return false
  const [file = '', id] = link.split('#')
  if (!file.startsWith('file:') || !existsSync(fileURLToPath(file))) return true
  return id !== undefined && !readFileSync(fileURLToPath(file), 'utf8').includes(`id="${id}"`)
}

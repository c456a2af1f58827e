import { chromium, type Page } from 'playwright-core'

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking']
const QUIET = ['--disable-component-update', '--disable-sync']

/** A page of Debian's Chromium, as a learner has JupyterLab before them. */
export async function openBrowser(): Promise<{ page: Page; close(): Promise<void> }> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...QUIET] })
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } })
  page.setDefaultTimeout(90_000)
  return { page, close: () => browser.close() }
}

/** What a learner does in JupyterLab, by the words on its buttons. */
export function jupyterLab(page: Page) {
  const idle = () => page.getByText('ocilab (TypeScript) | Idle').first().waitFor()
  const cell = (source: string) =>
    page
      .locator('.jp-Notebook:visible .jp-CodeCell')
      .filter({ has: page.locator('.cm-content', { hasText: source }) })
      .first()
  return {
    idle,
    cell,
    async open(url: string) {
      await page.goto(url)
      await page.locator('.jp-Notebook:visible .jp-CodeCell').first().waitFor()
      await idle()
    },
    async runAll() {
      await page.locator('.lm-MenuBar-itemLabel', { hasText: /^Run$/ }).click()
      await page.locator('.lm-Menu-itemLabel', { hasText: /^Run All Cells$/ }).click()
    },
    /** Runs one cell, with new text in it when that is given. */
    async run(source: string, text?: string) {
      await cell(source).locator('.cm-content').click()
      if (text !== undefined) {
        await page.keyboard.press('Control+A')
        // As if it were pasted: typing would have brackets closed and lines indented by the editor.
        await page.keyboard.insertText(text)
      }
      await page.keyboard.press('Control+Enter')
    },
    output: (source: string) => cell(source).locator('.jp-OutputArea'),
  }
}

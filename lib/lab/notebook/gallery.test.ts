import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { courseNotebooks } from './course.ts'
import { type Exhibit, writeGallery } from './gallery.ts'
import type { RunResult } from './run.ts'
import { runInKernel } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocilab-gallery-'))
afterAll(() => rmSync(folder, { recursive: true }))
const html = (path: string) => readFileSync(join(folder, path), 'utf8')

/** A lesson's run with one more cell, that shows what `bundle` holds. */
function showing(result: RunResult, bundle: Record<string, string>): RunResult {
  const output = { output_type: 'display_data' as const, data: bundle, metadata: {} }
  const cell = { cell_type: 'code' as const, id: 'picture', metadata: { tags: [] }, source: ['x'], outputs: [output] }
  return { ...result, notebook: { ...result.notebook, cells: [...result.notebook.cells, cell] } }
}

beforeAll(async () => {
  const exhibits: Exhibit[] = []
  for (const { lesson, language, notebook } of courseNotebooks(['00-start-here', '03-oci-layout'], ['en'], 'solved')) {
    const result = await runInKernel(notebook, language, { labId: 'gallery' })
    const picture = { 'text/plain': 'a<b', 'text/markdown': '```mermaid\nflowchart LR\n  a --> b\n```' }
    exhibits.push({ lesson, language, result: showing(result, picture) })
  }
  await writeGallery(folder, exhibits)
}, 120_000)

it('has a page for each lesson, an index, and mermaid beside them', () => {
  expect(readdirSync(folder).sort()).toEqual(['en', 'index.html', 'mermaid.min.js'])
  expect(html('index.html')).toMatch(/href="en\/03-oci-layout.html">03 An image as a folder<.*4 \/ 4/)
})

it('shows what came of real runs', () => {
  expect(html('en/00-start-here.html')).toContain(
    'sha256:a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447',
  )
  expect(html('en/00-start-here.html')).toContain('✔ 00.2 the file in blobs/ is named by what is in it: passed')
})

it('draws diagrams, and escapes what is only text', () => {
  expect(html('en/03-oci-layout.html')).toContain('<pre class="mermaid">flowchart LR\n  a --&#62; b')
  expect(html('en/03-oci-layout.html')).toContain('<code>import { lab } from &#39;ocilab&#39;')
})

it('asks the internet for nothing', () => {
  for (const path of ['index.html', 'en/00-start-here.html', 'en/03-oci-layout.html'])
    expect(html(path)).not.toMatch(/(src|data|xlink:href)="?https?:|@import|url\(/)
})

it('leads on from page to page', () => {
  expect(html('en/00-start-here.html')).toContain('<a href="03-oci-layout.html">03 An image as a folder →</a>')
  expect(html('en/03-oci-layout.html')).toContain('<a href="00-start-here.html">← 00 Start here</a>')
})

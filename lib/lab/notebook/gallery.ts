import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { OciError } from '../../errors.ts'
import type { Language } from '../claim.ts'
import type { Output } from '../jupyter/outputs.ts'
import { escapeHtml } from '../show/picture.ts'
import type { NotebookCell } from './build.ts'
import { STYLE } from './galleryStyle.ts'
import type { RunResult } from './run.ts'

/** One lesson that was run, to be shown. */
export interface Exhibit {
  readonly lesson: string
  readonly language: Language
  readonly result: RunResult
}

type Render = (markdown: string) => string

/**
 * Writes the course as it ran into `folder`: a page for each lesson and language, and an index. Nothing in it asks the
 * internet for anything: mermaid, which draws the diagrams, lies beside. Throws `TOOL_MISSING` outside of a checkout.
 */
export async function writeGallery(folder: string, exhibits: readonly Exhibit[]): Promise<string[]> {
  const { render, mermaid } = await tools()
  const pages = exhibits.map((exhibit, index) => ({
    path: join(exhibit.language, `${exhibit.lesson}.html`),
    html: page(exhibit, neighbours(exhibits, index), render),
  }))
  const all = [{ path: 'index.html', html: indexPage(exhibits) }, ...pages]
  for (const { path, html } of all) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), html)
  }
  await copyFile(mermaid, join(folder, 'mermaid.min.js'))
  return all.map(({ path }) => path)
}

/** They are for whoever builds the gallery, and no part of the package. */
async function tools(): Promise<{ render: Render; mermaid: string }> {
  try {
    const { default: MarkdownIt } = await import('markdown-it')
    const markdown = new MarkdownIt({ html: true, linkify: false })
    const fence = markdown.renderer.rules.fence!
    markdown.renderer.rules.fence = (tokens, index, ...rest) => {
      const { info, content } = tokens[index]!
      return info.trim() === 'mermaid' ? diagram(content) : fence(tokens, index, ...rest)
    }
    const mermaid = createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js')
    return { render: text => markdown.render(text), mermaid }
  } catch (cause) {
    const hint = 'the gallery is built in a checkout of the project, after npm install'
    throw new OciError('TOOL_MISSING', `gallery: ${(cause as Error).message}`, { hint }, { cause })
  }
}

function diagram(source: string): string {
  return `<pre class="mermaid">${escapeHtml(source)}</pre>\n`
}

function page({ lesson, language, result }: Exhibit, { before, after }: Neighbours, render: Render): string {
  const { cells } = result.notebook
  const link = (to: Exhibit | undefined, text: (title: string) => string) =>
    to === undefined ? '<span></span>' : `<a href="${to.lesson}.html">${text(escapeHtml(titleOf(to)))}</a>`
  const other = language === 'en' ? (['zh', '中文'] as const) : (['en', 'English'] as const)
  const navigation = [
    link(before, title => `← ${title}`),
    `<span><a href="../index.html">ocilab</a> · <a href="../${other[0]}/${lesson}.html" lang="${other[0]}">${other[1]}</a></span>`,
    link(after, title => `${title} →`),
  ].join('\n')
  const body = cells.map(cell => (cell.cell_type === 'markdown' ? prose(cell, render) : code(cell, render))).join('\n')
  return document(
    titleOf({ lesson, language, result }),
    language,
    `<nav>${navigation}</nav>\n<main>${body}</main>`,
    '../mermaid.min.js',
  )
}

function prose({ id, source }: NotebookCell, render: Render): string {
  return `<section id="${id}">${render(source.join(''))}</section>`
}

function code({ id, source, outputs = [], execution_count }: NotebookCell, render: Render): string {
  const shown = outputs.map(output => `<div class="output">${outputHtml(output, render)}</div>`).join('')
  const label = `<span class="count" aria-hidden="true">[${execution_count ?? ' '}]</span>`
  return `<section id="${id}" class="code">${label}<pre class="source"><code>${escapeHtml(source.join(''))}</code></pre>${shown}</section>`
}

function outputHtml(output: Output, render: Render): string {
  if (output.output_type === 'stream') return `<pre class="${output.name}">${escapeHtml(output.text)}</pre>`
  if (output.output_type === 'error') return `<pre class="error">${escapeHtml(output.traceback.join('\n'))}</pre>`
  const { data } = output as { data: Record<string, string> }
  if (data['text/html']) return data['text/html']
  if (data['text/markdown']) return render(data['text/markdown'])
  if (data['image/svg+xml']) return data['image/svg+xml']
  return `<pre>${escapeHtml(data['text/plain'] ?? '')}</pre>`
}

interface Neighbours {
  before?: Exhibit
  after?: Exhibit
}

function neighbours(exhibits: readonly Exhibit[], index: number): Neighbours {
  const { lesson, language } = exhibits[index]!
  const same = exhibits.filter(exhibit => exhibit.language === language)
  const at = same.findIndex(exhibit => exhibit.lesson === lesson)
  return { before: same[at - 1], after: same[at + 1] }
}

function indexPage(exhibits: readonly Exhibit[]): string {
  const lessons = [...new Set(exhibits.map(({ lesson }) => lesson))]
  const row = (lesson: string) => {
    const own = exhibits.filter(exhibit => exhibit.lesson === lesson)
    const cells = own.map(exhibit => {
      const { language } = exhibit
      return `<td lang="${language}"><a href="${language}/${lesson}.html">${escapeHtml(titleOf(exhibit))}</a></td>`
    })
    const states = Object.values(own[0]!.result.checks)
    const passed = states.filter(state => state === 'pass').length
    return `<tr>${cells.join('')}<td>${passed} / ${states.length}</td></tr>`
  }
  const head = '<tr><th>English</th><th lang="zh">中文</th><th>checks passed</th></tr>'
  const about =
    '<p>Every page is a notebook of the course as it ran, with its solutions: no output was written by hand.</p>'
  const body = `<main><h1>ocilab: the course, as it ran</h1>${about}<table>${head}${lessons.map(row).join('')}</table></main>`
  return document('the course', 'en', body)
}

function titleOf({ lesson, result }: Exhibit): string {
  return result.notebook.cells[0]?.source[0]?.trim().replace(/^# /, '') ?? lesson
}

function document(title: string, language: Language, body: string, script?: string): string {
  const drawing = script
    ? `<script src="${script}"></script>\n<script>mermaid.initialize({ startOnLoad: true })</script>\n`
    : ''
  const head = `<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n<title>${escapeHtml(title)} · ocilab</title>\n<style>${STYLE}</style>`
  return `<!doctype html>\n<html lang="${language}">\n<head>\n${head}\n</head>\n<body>\n${body}\n${drawing}</body>\n</html>\n`
}

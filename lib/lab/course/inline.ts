import { escapeHtml } from '../show/picture.ts'

/** What our own words use of Markdown, as HTML: paragraphs, `code`, **strong** and *emphasis*. */
export function inlineHtml(markdown: string): string {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map(paragraph => `<div>${marked(paragraph.replace(/\s*\n\s*/g, ' '))}</div>`)
    .join('')
}

function marked(text: string): string {
  // What stands in backticks is taken as it is.
  return text
    .split(/(`[^`]+`)/)
    .map(part =>
      /^`[^`]+`$/.test(part) ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : emphasised(escapeHtml(part)),
    )
    .join('')
}

function emphasised(html: string): string {
  return html.replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>').replace(/\*([^*]+)\*/g, '<em>$1</em>')
}

import { escapeHtml } from '../show/picture.ts'

/** What our own words use of Markdown, as HTML: paragraphs, `code`, **strong** and *emphasis*. */
export function inlineHtml(markdown: string): string {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map(paragraph => `<div>${marked(joined(paragraph))}</div>`)
    .join('')
}

/** Lines of a paragraph are one line; between Chinese characters there is no space. */
function joined(paragraph: string): string {
  return paragraph.replace(/([^\n])\n\s*(?=([^\n]))/g, (_, before, after) =>
    isWide(before) && isWide(after) ? before : `${before} `,
  )
}

function isWide(character: string): boolean {
  return /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(character)
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

import type { Language, Text } from '../claim.ts'
import type { MimeBundle } from '../screen.ts'

/** Something people would rather see than read, with its words in both languages. */
export type Picture = Readonly<Record<Language, Drawing>>

/** A picture in one language, with the same facts as plain text: for a terminal, and for who cannot see it. */
export interface Drawing {
  /** What it shows, in a few words. */
  readonly title: string
  readonly text: string
  /** A diagram that JupyterLab, GitHub and the gallery draw. */
  readonly mermaid?: string
  readonly svg?: string
  /** Self-contained: no script, no style from elsewhere. */
  readonly html?: string
}

/** Says a text in the language that is drawn in. */
export type Say = (text: Text) => string

/** Draws the same thing in each language. */
export function inBoth(draw: (say: Say) => Drawing): Picture {
  return { en: draw(({ en }) => en), zh: draw(({ zh }) => zh) }
}

/** A drawing in every form it has, by media type; a notebook takes the best that it can show. Jupyter messaging § display_data */
export function mimeBundle(drawing: Drawing): MimeBundle {
  const { text, mermaid, svg, html } = drawing
  return {
    'text/plain': text,
    ...(mermaid && { 'text/markdown': markdown(drawing, mermaid) }),
    ...(svg && { 'image/svg+xml': svg }),
    ...(html && { 'text/html': html }),
  }
}

/** A drawing says nothing to a screen reader, so the text goes along, folded. */
function markdown({ title, text }: Drawing, mermaid: string): string {
  const folded = `<details><summary>${escapeHtml(title)}</summary>\n<pre>${escapeHtml(text)}</pre>\n</details>`
  return `\`\`\`mermaid\n${mermaid}\n\`\`\`\n\n${folded}`
}

/** Text as it can stand in HTML and SVG, in an attribute too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** Names in an image are bytes of anybody's: what a terminal or a browser would obey is shown as an escape. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, character => {
    const code = character.codePointAt(0)!
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  })
}

/** Bytes for people: `1.5 MiB`. */
export function humanSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`
}

import { expect, it } from 'vitest'
import { inlineHtml } from './inline.ts'

it.each([
  ['one\ntwo', '<div>one two</div>'],
  ['one\n\ntwo', '<div>one</div><div>two</div>'],
  ['a `b*c*<d>` *e* **f**', '<div>a <code>b*c*&#60;d&#62;</code> <em>e</em> <strong>f</strong></div>'],
  ['<script>', '<div>&#60;script&#62;</div>'],
])('%j is %s', (markdown, html) => expect(inlineHtml(markdown)).toBe(html))

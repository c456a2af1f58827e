import { describe, expect, it } from 'vitest'
import { comparison } from './comparison.ts'
import { escapeHtml, humanSize, mimeBundle, printable } from './picture.ts'
import { planPicture } from './planPicture.ts'
import { htmlTable, textTable, width } from './table.ts'
import { readMermaid } from './testMermaid.ts'
import { transcriptPicture } from './transcriptPicture.ts'

describe('a picture', () => {
  it('has its text in every form: folded below a diagram, plain beside a table', () => {
    expect(mimeBundle({ title: 'a < b', text: 'a & b', mermaid: 'flowchart LR' })).toEqual({
      'text/plain': 'a & b',
      'text/markdown':
        '```mermaid\nflowchart LR\n```\n\n<details><summary>a &#60; b</summary>\n<pre>a &#38; b</pre>\n</details>',
    })
    expect(Object.keys(mimeBundle({ title: '', text: '', html: '<p>', svg: '<svg>' }))).toEqual([
      'text/plain',
      'image/svg+xml',
      'text/html',
    ])
  })

  it.each([
    ['a\x1b[31mb', 'a\\x1b[31mb'],
    ['a\nb', 'a\\x0ab'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['网桥 é', '网桥 é'],
  ])('shows %j as what it is', (text, shown) => expect(printable(text)).toBe(shown))

  it('closes no tag of ours', () => expect(escapeHtml(`</pre>"'&`)).toBe('&#60;/pre&#62;&#34;&#39;&#38;'))

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [5 << 20, '5.0 MiB'],
    [3 * 2 ** 40, '3072.0 GiB'],
  ])('says %d bytes as %s', (bytes, text) => expect(humanSize(bytes)).toBe(text))
})

describe('a table', () => {
  it('lines columns up where a character takes two, and numbers to the right', () => {
    expect(
      textTable(
        ['name', 'n'],
        [
          ['网桥', 5],
          ['runc0', 12],
        ],
      ),
    ).toBe(['name    n', '─────  ──', '网桥    5', 'runc0  12'].join('\n'))
  })
  it('knows how wide text is', () =>
    expect([width('网桥'), width('e\u0301'), width('｜'), width('abc')]).toEqual([4, 1, 2, 3]))
  it('is HTML that says what its columns are', () =>
    expect(htmlTable('c<', ['h'], [['<b>']])).toMatch(/<caption>c&#60;.*<th scope="col".*&#60;b&#62;/s))
})

describe('ours and theirs', () => {
  it('are equal, or different for a reason, or just different', () => {
    const row = { what: 'x', ours: '1', clause: 'image-spec' }
    const { text } = comparison('skopeo', [
      { ...row, theirs: '1' },
      { ...row, theirs: '2', because: 'its clock' },
      { ...row, theirs: '3' },
    ]).en
    expect(text.split('\n').map(line => line.match(/equal|different.*?(?= {2})/)?.[0])).toEqual([
      undefined,
      undefined,
      'equal',
      'different: its clock',
      'different',
    ])
  })
})

describe('a transcript', () => {
  it('says who asked whom, with digests cut short', async () => {
    const picture = transcriptPicture([
      { method: 'GET', url: 'http://127.0.0.1:5000/v2/', status: 401 },
      { method: 'GET', url: 'http://auth.test/token?scope=a;b', status: 200 },
      { method: 'GET', url: `http://127.0.0.1:5000/v2/a/blobs/sha256:${'ab'.repeat(32)}`, status: 200 },
    ]).en
    expect(picture.mermaid).toBe(
      [
        'sequenceDiagram',
        '  participant client as client',
        '  participant server0 as 127.0.0.1:5000',
        '  participant server1 as auth.test',
        '  client->>server0: GET /v2/',
        '  server0--xclient: 401',
        '  client->>server1: GET /token?scope=a#59;b',
        '  server1-->>client: 200',
        '  client->>server0: GET /v2/a/blobs/sha256:abababab…',
        '  server0-->>client: 200',
      ].join('\n'),
    )
    await readMermaid(picture.mermaid!)
    expect(picture.text.split('\n')).toHaveLength(5)
  })
})

describe('a plan', () => {
  it('is its steps, each as a command', () => {
    const { text, html } = planPicture([{ op: 'hostname', name: 'runc' }, { op: 'pivot' }]).en
    expect(text.split('\n').slice(2)).toEqual([
      '   1  hostname   hostname runc',
      '   2  pivot      pivot_root . . && umount --lazy .',
    ])
    expect(html).toContain('pivot_root . . &#38;&#38; umount')
  })

  it('folds what comes many times in a row, for a browser', () => {
    const links = ['a', 'b', 'c', 'd'].map(path => ({ op: 'symlink', target: 'x<', path }) as const)
    const { text, html } = planPicture([{ op: 'pivot' }, ...links, { op: 'pivot' }]).zh
    expect(text.split('\n')).toHaveLength(2 + 6)
    expect(html!.match(/<tr>/g)).toHaveLength(1 + 3)
    expect(html).toMatch(/2–5<.*symlink × 4<.*<summary>ln -s x&#60;.*<pre>2 {2}ln -s .*\n.*\n.*\n5 {2}ln -s /s)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeMermaid, flowchart } from './mermaid.ts'
import { readMermaid } from './testMermaid.ts'

describe('flowchart', () => {
  it('is written as mermaid reads it', async () => {
    const text = flowchart(
      'LR',
      [{ id: 'a', label: 'a "name"\nof two lines' }],
      [
        { from: 'a', to: 'b', label: 'digest' },
        { from: 'b', to: 'c', line: 'cable' },
        { from: 'a', to: 'c', label: 'in (missing)', line: 'missing' },
      ],
      [
        {
          id: 'g',
          label: 'host',
          nodes: [
            { id: 'b', label: 'runc0', shape: 'cylinder', look: 'missing' },
            { id: 'c', label: '网桥', shape: 'round' },
          ],
        },
      ],
    )
    expect(text).toBe(
      [
        'flowchart LR',
        '  a["a #34;name#34;<br/>of two lines"]',
        '  subgraph g["host"]',
        '    b[("runc0")]:::missing',
        '    c("网桥")',
        '  end',
        '  a -->|"digest"| b',
        '  b <--> c',
        '  a -.-|"in (missing)"| c',
        '  classDef missing stroke-dasharray: 5 5,stroke:#b00020,color:#b00020,fill:none',
      ].join('\n'),
    )
    await readMermaid(text)
  })

  it('takes any name, for names in an image are anybody’s', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async label => {
        await readMermaid(flowchart('TD', [{ id: 'a', label }], [{ from: 'a', to: 'a', label }], []))
      }),
      { numRuns: 200 },
    )
  })

  it('lets no label end the label', () => {
    expect(escapeMermaid('"] --> x["\n<script>')).toBe('#34;] --#62; x[#34;<br/>#60;script#62;')
  })
})

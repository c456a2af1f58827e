import { printable } from './picture.ts'

/** A box of a flowchart. `look` is never the only sign: what is missing says so in its words too. */
export interface MermaidNode {
  readonly id: string
  readonly label: string
  readonly shape?: 'box' | 'round' | 'cylinder'
  readonly look?: 'missing' | 'accent'
}

export interface MermaidEdge {
  readonly from: string
  readonly to: string
  readonly label?: string
  readonly line?: 'arrow' | 'cable' | 'missing'
}

export interface MermaidGroup {
  readonly id: string
  readonly label: string
  readonly nodes: readonly MermaidNode[]
}

const SHAPES = { box: ['[', ']'], round: ['(', ')'], cylinder: ['[(', ')]'] } as const
const LINES = { arrow: '-->', cable: '<-->', missing: '-.-' } as const
const LOOKS = {
  missing: 'classDef missing stroke-dasharray: 5 5,stroke:#b00020,color:#b00020,fill:none',
  accent: 'classDef accent stroke-width:3px',
} as const

/** A mermaid flowchart; nodes of no group come first. */
export function flowchart(
  direction: 'LR' | 'TD',
  nodes: readonly MermaidNode[],
  edges: readonly MermaidEdge[],
  groups: readonly MermaidGroup[] = [],
): string {
  const all = [...nodes, ...groups.flatMap(group => group.nodes)]
  const used = (['missing', 'accent'] as const).filter(look => all.some(node => node.look === look))
  return [
    `flowchart ${direction}`,
    ...nodes.map(node => `  ${box(node)}`),
    ...groups.flatMap(group => [
      `  subgraph ${group.id}["${escapeMermaid(group.label)}"]`,
      ...group.nodes.map(node => `    ${box(node)}`),
      '  end',
    ]),
    ...edges.map(edge => `  ${arrow(edge)}`),
    ...used.map(look => `  ${LOOKS[look]}`),
  ].join('\n')
}

/** Text as a label: mermaid reads `#35;` as the character it numbers, and a line break only as `<br/>`. */
export function escapeMermaid(text: string): string {
  const lines = text.split('\n').map(line => printable(line).replace(/[#"<>;&`{}|\\]/g, it => `#${it.charCodeAt(0)};`))
  // A label of nothing is none, and mermaid wants one.
  return lines.join('<br/>') || ' '
}

function box({ id, label, shape = 'box', look }: MermaidNode): string {
  const [open, close] = SHAPES[shape]
  return `${id}${open}"${escapeMermaid(label)}"${close}${look ? `:::${look}` : ''}`
}

function arrow({ from, to, label, line = 'arrow' }: MermaidEdge): string {
  return `${from} ${LINES[line]}${label ? `|"${escapeMermaid(label)}"|` : ''} ${to}`
}

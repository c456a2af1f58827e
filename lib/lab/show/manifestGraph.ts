import type { Image } from '../../image/image.ts'
import type { Descriptor } from '../../spec/descriptor.ts'
import { shortDigest } from '../../spec/digest.ts'
import { flowchart, type MermaidEdge, type MermaidNode } from './mermaid.ts'
import { humanSize, inBoth, type Picture, type Say } from './picture.ts'

/** Who names whom by digest: the reference, the manifest, its config and its layers. ≙ regctl manifest get, as a picture */
export function manifestGraph(image: Image, reference = 'reference'): Picture {
  const { descriptor, manifest, layers } = image
  const nodes: MermaidNode[] = [
    { id: 'reference', label: reference, shape: 'round' },
    { id: 'manifest', label: label('manifest', descriptor), look: 'accent' },
    { id: 'config', label: label('config', manifest.config) },
    ...layers.map((layer, i) => ({
      id: `layer${i}`,
      label: label(`layer ${i + 1}`, layer.descriptor),
      shape: 'cylinder' as const,
    })),
  ]
  const edges: MermaidEdge[] = [
    { from: 'reference', to: 'manifest', label: 'digest' },
    { from: 'manifest', to: 'config', label: 'config.digest' },
    ...layers.map((_, i) => ({ from: 'manifest', to: `layer${i}`, label: `layers[${i}].digest` })),
    ...layers.map((_, i) => ({ from: 'config', to: `layer${i}`, label: `diff_ids[${i}]`, line: 'missing' as const })),
  ]
  return inBoth(say => ({
    title: say({ en: `What ${reference} is made of`, zh: `${reference} 由什么构成` }),
    mermaid: flowchart('LR', nodes, edges),
    text: tree(image, reference, say).join('\n'),
  }))
}

function label(role: string, { digest, size, mediaType }: Descriptor): string {
  return `${role} ${shortDigest(digest)}\n${mediaType}\n${humanSize(size)}`
}

function tree({ descriptor, manifest, layers }: Image, reference: string, say: Say): string[] {
  const unpacked = say({ en: 'unpacked', zh: '解压后' })
  const row = ({ digest, mediaType, size }: Descriptor) => `${digest}  ${humanSize(size)}  ${mediaType}`
  return [
    reference,
    `└─ manifest  ${row(descriptor)}`,
    `   ${layers.length ? '├' : '└'}─ config    ${row(manifest.config)}`,
    ...layers.flatMap(({ descriptor: layer, diffId }, i) => {
      const last = i === layers.length - 1
      return [
        `   ${last ? '└' : '├'}─ layer ${String(i + 1).padEnd(3)} ${row(layer)}`,
        `   ${last ? ' ' : '│'}             ${unpacked} ${diffId}`,
      ]
    }),
  ]
}

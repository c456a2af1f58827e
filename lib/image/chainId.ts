import { type Digest, digestOf } from '../spec/digest.ts'

/** The names of the first layer, of the first two together, and so on. image-spec config.md § Layer ChainID. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = []
  for (const diffId of diffIds) {
    const below = chain.at(-1)
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`))
  }
  return chain
}

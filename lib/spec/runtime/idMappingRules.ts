import type { IdMapping } from '../linuxConfig.ts'
import { list, object, type Rule, type Together, uint32, whole } from './rule.ts'

const MAX_ID = 2 ** 32

const mapping = object<IdMapping>(
  { containerID: uint32, hostID: uint32, size: whole(1, MAX_ID - 1) },
  ['containerID', 'hostID', 'size'],
  ({ containerID, hostID, size }, path, tell) => {
    for (const [name, first] of [
      ['containerID', containerID],
      ['hostID', hostID],
    ] as const)
      if (first + size > MAX_ID) tell(`${path}.size`, `${name} + size is too large`, `at most ${MAX_ID - first}`, size)
  },
)

/** No id may have two meanings, inside or outside. user_namespaces(7) § User and group ID mappings */
const disjoint: Together<IdMapping[]> = (mappings, path, tell) => {
  if (mappings.length > 340) tell(path, 'too many', 'at most 340 entries', mappings.length)
  for (const name of ['containerID', 'hostID'] as const) {
    const inOrder = mappings.map((mapping, index) => ({ ...mapping, index })).sort((a, b) => a[name] - b[name])
    for (const [at, next] of inOrder.entries()) {
      const before = inOrder[at - 1]
      if (before && before[name] + before.size > next[name])
        tell(`${path}[${next.index}].${name}`, 'mapped twice', `no id of [${before.index}]`, next[name])
    }
  }
}

export const idMappings: Rule = list(mapping, disjoint)

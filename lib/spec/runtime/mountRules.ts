import type { Mount } from '../runtimeConfig.ts'
import { idMappings } from './idMappingRules.ts'
import { filled, list, object, type Rule, type Together, text, texts } from './rule.ts'

const isBind = ({ type, options = [] }: Mount) =>
  type === 'bind' || options.includes('bind') || options.includes('rbind')

const mountFields: Together<Mount> = (mount, path, tell) => {
  const { source, uidMappings, gidMappings, options = [] } = mount
  if (isBind(mount) && !options.includes('remount') && !source)
    tell(`${path}.source`, source === undefined ? 'missing' : 'empty', 'the path to bind', source)
  if (uidMappings && !gidMappings) tell(`${path}.gidMappings`, 'missing', 'as uidMappings are there', undefined)
  if (gidMappings && !uidMappings) tell(`${path}.uidMappings`, 'missing', 'as gidMappings are there', undefined)
  for (const name of ['uidMappings', 'gidMappings'] as const) {
    if (mount[name]?.length === 0) tell(`${path}.${name}`, 'empty', 'at least one entry', mount[name])
    if (mount[name] && !isBind(mount)) tell(`${path}.${name}`, 'only a bind mount has them', 'the option bind', options)
  }
}

/** config.md § Mounts. A destination that is no absolute path is one below `/`. */
export const mountsRule: Rule = list(
  object<Mount>(
    { destination: filled, type: text, source: text, options: texts, uidMappings: idMappings, gidMappings: idMappings },
    ['destination'],
    mountFields,
  ),
)

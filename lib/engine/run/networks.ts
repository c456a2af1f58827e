import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OciError } from '../../errors.ts'
import type { Options } from '../../events.ts'
import { type NetworkChoice, type NetworkNames, networkNames } from '../../network/names.ts'
import { openNetwork } from '../../network/network.ts'
import { allRecords, type Home, makeFolder, withLabLock } from './store.ts'

const RESERVED = ['bridge', 'host', 'none']

/** Makes a network beside the lab's own; its bridge is there when the first container is. ≙ docker network create. Throws `NETWORK_EXISTS`. */
export async function createNamedNetwork(
  home: Home,
  name: string,
  choice: NetworkChoice,
  options: Options = {},
): Promise<NetworkNames> {
  const names = networkNames(home.lab, name, choice)
  await withLabLock(
    home,
    async () => {
      if (RESERVED.includes(name) || existsSync(fileOf(home, name)))
        throw new OciError('NETWORK_EXISTS', `network with name ${name} already exists`, { got: name })
      makeFolder(home, home.networks, options)
      writeFileSync(fileOf(home, name), JSON.stringify(choice))
    },
    options,
  )
  return names
}

/** The names and addresses of a network of the lab. Throws `ARGUMENT_INVALID` where there is none. */
export function namedNetwork(home: Home, name: string): NetworkNames {
  if (name === 'bridge') return networkNames(home.lab)
  if (!hasNetwork(home, name))
    throw new OciError('ARGUMENT_INVALID', `network ${name} not found`, { got: name, hint: 'ocilab network create' })
  return networkNames(home.lab, name, JSON.parse(readFileSync(fileOf(home, name), 'utf8')) as NetworkChoice)
}

/** True for the lab's own network, and each that {@link createNamedNetwork} made. */
export function hasNetwork(home: Home, name: string): boolean {
  return name === 'bridge' || (/^[a-zA-Z0-9][\w.-]*$/.test(name) && existsSync(fileOf(home, name)))
}

/** The lab's networks; `bridge` is always one. ≙ docker network ls */
export function listNetworks(home: Home): { name: string; names: NetworkNames }[] {
  const files = existsSync(home.networks) ? readdirSync(home.networks).sort() : []
  const others = files.map(file => file.replace(/\.json$/, ''))
  return ['bridge', ...others].map(name => ({ name, names: namedNetwork(home, name) }))
}

/** ≙ docker network rm. Throws `ARGUMENT_INVALID` while a container has it. */
export async function removeNamedNetwork(home: Home, name: string, options: Options = {}): Promise<void> {
  const names = namedNetwork(home, name)
  if (RESERVED.includes(name))
    throw new OciError('ARGUMENT_INVALID', `${name} is a pre-defined network and cannot be removed`, { got: name })
  await withLabLock(home, () => removeUnused(home, name, names, options), options)
}

async function removeUnused(home: Home, name: string, names: NetworkNames, options: Options): Promise<void> {
  const user = allRecords(home).find(({ networks }) => networks.includes(name))
  if (user) throw new OciError('ARGUMENT_INVALID', `network ${name} has active endpoints: ${user.name}`, { got: name })
  await (await openNetwork(names, options)).delete()
  rmSync(fileOf(home, name), { force: true })
}

function fileOf(home: Home, name: string): string {
  return join(home.networks, `${name}.json`)
}

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { OciError } from '../errors.ts'
import { openJournal } from '../lab/journal.ts'
import { CACHE_FOLDER } from '../network/cni/cache.ts'
import {
  type AttachmentParameters,
  addToNetwork,
  type CniOptions,
  checkNetwork,
  collectGarbage,
  deleteFromNetwork,
  networkStatus,
  pluginVersions,
  remembered,
} from '../network/cni/chain.ts'
import { loadNetworkConfig, type NetworkConfig } from '../network/cni/config.ts'
import { installPlugins } from '../network/cni/plugin/install.ts'
import { isNetns } from '../network/netns.ts'
import { session } from './session.ts'

interface CniFlags {
  id: string
  ifname?: string
  cacheDir: string
  trace?: boolean
}

/** cnitool wants it, and does not use it. */
const IGNORED = 'taken, as by cnitool, and not looked at'

export function command(): Command {
  return new Command()
    .description('Container Network Interface: run a network’s plugins, as cnitool does, and plugins of our own.')
    .addHelpText(
      'after',
      `
Environment, as for cnitool: NETCONFPATH (/etc/cni/net.d), CNI_PATH (/opt/cni/bin:/usr/lib/cni), CNI_IFNAME (eth0),
CNI_ARGS (IP=10.1.0.5;K=V), CAP_ARGS ({"portMappings":[{"hostPort":8080,"containerPort":80}]})`,
    )
    .addCommand(onNetns('add', 'attach a network namespace to a network').action(add))
    .addCommand(onNetns('del', 'detach it').action(del))
    .addCommand(onNetns('check', 'look whether it is still as it was attached').action(check))
    .addCommand(
      verb('status', 'ask whether a network could take a container')
        .argument('<network>')
        .argument('[netns]', IGNORED)
        .action(status),
    )
    .addCommand(
      verb('gc', 'detach what has no network namespace any more')
        .argument('<network>')
        .argument('[netns]', IGNORED)
        .option('--all', 'everything that is attached, as cnitool does')
        .action(gc),
    )
    .addCommand(new Command('version').description('what a plugin speaks').argument('<plugin>').action(version))
    .addCommand(
      new Command('plugins')
        .description('put our bridge, host-local, portmap and loopback into a folder, for CNI_PATH')
        .argument('<folder>')
        .action((folder: string) => void process.stdout.write(`${installPlugins(folder)}\n`)),
    )
}

function verb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--id <id>', 'lab id: in its journal stands what is attached', 'default')
    .option('--cache-dir <folder>', 'where is kept what was attached', CACHE_FOLDER)
    .option('--trace', 'show each command')
}

function onNetns(name: string, description: string): Command {
  return verb(name, description)
    .argument('<network>')
    .argument('<netns>', 'path of a network namespace, such as /run/netns/demo')
    .option('-i, --ifname <name>', 'what the link is called inside')
}

async function add(network: string, netns: string, flags: CniFlags): Promise<void> {
  const result = await journaled(flags, options => addToNetwork(configOf(network), parameters(netns, flags), options))
  process.stdout.write(`${JSON.stringify(result, null, 4)}\n`)
}

async function del(network: string, netns: string, flags: CniFlags): Promise<void> {
  await journaled(flags, options => deleteFromNetwork(configOf(network), parameters(netns, flags), options))
}

async function check(network: string, netns: string, flags: CniFlags): Promise<void> {
  await journaled(flags, options => checkNetwork(configOf(network), parameters(netns, flags), options))
}

async function status(network: string, _: string | undefined, flags: CniFlags): Promise<void> {
  await journaled(flags, options => networkStatus(configOf(network), options))
}

async function gc(network: string, _: string | undefined, flags: CniFlags & { all?: boolean }): Promise<void> {
  const config = configOf(network)
  await journaled(flags, options => {
    const alive = flags.all ? [] : remembered(config, options).filter(({ netns }) => isNetns(netns))
    const valid = alive.map(({ containerId, ifName }) => ({ containerID: containerId, ifname: ifName }))
    return collectGarbage(config, valid, options)
  })
}

async function version(plugin: string): Promise<void> {
  process.stdout.write(`${(await pluginVersions(plugin, { path: pluginPath() })).join(' ')}\n`)
}

async function journaled<T>(flags: CniFlags, work: (options: CniOptions) => Promise<T>): Promise<T> {
  const journal = openJournal(flags.id)
  const { cacheDir: cacheFolder } = flags
  try {
    return await session(flags, options => work({ ...options, path: pluginPath(), cacheFolder }), journal.onEvent)
  } finally {
    journal.close()
  }
}

function configOf(network: string): NetworkConfig {
  return loadNetworkConfig(process.env.NETCONFPATH || '/etc/cni/net.d', network)
}

function pluginPath(): string[] {
  return (process.env.CNI_PATH || '/opt/cni/bin:/usr/lib/cni').split(':').filter(folder => folder !== '')
}

/** cnitool's container id is made of the namespace's path: so each finds what the other has attached. */
function parameters(path: string, { ifname }: CniFlags): AttachmentParameters {
  const netns = resolve(path)
  const hash = createHash('sha512').update(netns).digest('hex').slice(0, 20)
  const { CNI_IFNAME, CNI_ARGS, CAP_ARGS } = process.env
  return {
    containerId: `cnitool-${hash}`,
    netns,
    ifName: ifname || CNI_IFNAME || 'eth0',
    args: readArgs(CNI_ARGS),
    capabilityArgs: readCapabilities(CAP_ARGS),
  }
}

function readArgs(text: string | undefined): [string, string][] | undefined {
  if (!text) return undefined
  return text.split(';').map(pair => {
    const [key, value, ...more] = pair.split('=')
    if (key && value && more.length === 0) return [key, value]
    throw new OciError('ARGUMENT_INVALID', `CNI_ARGS: cannot be read (want KEY=VALUE;…, got ${JSON.stringify(pair)})`, {
      got: pair,
    })
  })
}

function readCapabilities(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new OciError(
      'ARGUMENT_INVALID',
      `CAP_ARGS: not JSON (${(error as Error).message})`,
      { got: text },
      { cause: error },
    )
  }
}

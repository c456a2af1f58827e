import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname as hostName } from 'node:os'
import { join } from 'node:path'
import type { Accounts } from '../../bundle/user.ts'
import { imageVolumes } from '../../bundle/volumes.ts'
import { OciError } from '../../errors.ts'
import { emit, type Options } from '../../events.ts'
import type { Image } from '../../image/image.ts'
import { unpack } from '../../rootfs/unpack.ts'
import { accountsOf } from '../../runtime/container/home.ts'
import { thisMaker } from '../../runtime/container/state.ts'
import { signalNumber } from '../../runtime/plan/process.ts'
import { showPlatform } from '../../spec/platform.ts'
import type { Mount } from '../../spec/runtimeConfig.ts'
import { configFor, etcMounts, processDefaults } from './configure.ts'
import { writeEtcFiles } from './etcFiles.ts'
import { namedNetwork } from './networks.ts'
import { exposedPorts } from './ports.ts'
import { randomName } from './randomName.ts'
import { type ContainerRecord, isSandbox, shortId } from './record.ts'
import type { RunRequest } from './request.ts'
import {
  allRecords,
  containerPaths,
  dropFolder,
  findRecord,
  type Home,
  makeFolder,
  saveRecord,
  withLabLock,
} from './store.ts'
import { makeVolumes } from './volumeFolders.ts'

/**
 * Makes a container that can be started: its files, its configuration, its record. ≙ docker create
 * Throws `CONTAINER_EXISTS` for a name that is taken, `ARGUMENT_INVALID`, and for what its image says `CONFIG_INVALID` and
 * `PLATFORM_UNKNOWN`; then nothing is left of it.
 */
export async function createRecord(
  home: Home,
  image: Image,
  request: RunRequest,
  options: Options = {},
): Promise<ContainerRecord> {
  checkSystem(image, request)
  const defaults = processDefaults(image.config.config, request)
  const record = newRecord(home, image, request, [...defaults.Entrypoint!, ...defaults.Cmd!])
  const { state } = record
  checkRequest(home, record)
  const paths = containerPaths(home, record.id)
  const undo = { kind: 'directory', path: paths.folder } as const
  await withLabLock(
    home,
    async () => {
      checkPod(home, record)
      checkName(home, record)
      record.state = { ...state, supervisor: thisMaker() }
      makeFolder(home, home.containers, options)
      emit(options, { type: 'change', undo })
      makeFolder(home, paths.folder)
      saveRecord(home, record)
    },
    options,
  )
  try {
    mkdirSync(paths.bundle, { mode: 0o711 })
    await unpack(image, join(paths.bundle, 'rootfs'), options)
    await withLabLock(
      home,
      async () => {
        checkPod(home, record)
        const accounts = accountsOf(join(paths.bundle, 'rootfs'))
        // They take files out of its root.
        const mounts = makeVolumes(home, record, request.volumes ?? [], imageVolumes(image.config.config))
        writeConfig(home, record, { ...image.config, config: defaults }, accounts, mounts)
        record.state = state
        saveRecord(home, record)
      },
      options,
    )
    return record
  } catch (error) {
    await withLabLock(home, async () => dropFolder(home, record, options), options)
    throw error
  }
}

function writeConfig(
  home: Home,
  record: ContainerRecord,
  image: Image['config'],
  accounts: Accounts,
  mounts: Mount[],
): void {
  const paths = containerPaths(home, record.id)
  const { hostname, networks, terminal } = record
  const host = networks.includes('host')
  // They are mounted, so they are there from the beginning; what is in them is written when it starts.
  writeEtcFiles(paths, { hostname, addresses: [], host })
  const shared = networks.find(network => network.startsWith('container:'))?.slice('container:'.length)
  const holder = shared === undefined ? paths.folder : containerPaths(home, findRecord(home, shared).id).folder
  const etc = etcMounts(holder, namedBy(home, record) ?? holder)
  const ownNetwork = !host && shared === undefined
  const config = configFor(image, accounts, { hostname, terminal, mounts: [...mounts, ...etc], ownNetwork })
  writeFileSync(join(paths.bundle, 'config.json'), JSON.stringify(config, null, '\t'))
}

/** The folder with the name of a pod, or its own where the pod shares none. */
function namedBy(home: Home, { id, pod }: ContainerRecord): string | undefined {
  return pod && containerPaths(home, pod.share.includes('uts') ? pod.sandbox : id).folder
}

function newRecord(home: Home, image: Image, request: RunRequest, args: string[]): ContainerRecord {
  const id = randomBytes(32).toString('hex')
  const networks = request.networks?.length ? [...request.networks] : ['bridge']
  const exposed = request.publishAll ? exposedPorts(image.config.config?.ExposedPorts) : []
  return {
    id,
    name: request.name ?? randomName(),
    lab: home.lab,
    image: request.image,
    digest: image.descriptor.digest,
    created: new Date().toISOString(),
    args,
    hostname: request.hostname ?? (networks.includes('host') ? hostName() : shortId({ id })),
    networks,
    ports: [...(request.ports ?? []), ...exposed],
    remove: request.remove ?? false,
    terminal: request.terminal ?? false,
    interactive: request.interactive ?? false,
    stopSignal: stopSignalOf(image),
    forward: request.forward ?? false,
    ...(request.pod && { pod: { sandbox: id, ...request.pod } }),
    state: { status: 'created', exitCode: 0 },
  }
}

/** An image that says nothing is for whoever has it. */
function checkSystem({ config }: Image, { image }: RunRequest): void {
  if (['', 'linux'].includes(config.os)) return
  throw new OciError(
    'PLATFORM_UNKNOWN',
    `${image}: an image for ${showPlatform(config)}, and containers here are linux`,
    {
      want: 'linux',
      got: config.os,
      where: image,
    },
  )
}

/** What is no signal is SIGTERM, as for Docker: a container must be one that can be stopped. */
function stopSignalOf({ config }: Image): string {
  const { StopSignal = 'SIGTERM' } = config.config ?? {}
  return (signalNumber(StopSignal) ?? 0) > 0 ? StopSignal : 'SIGTERM'
}

function checkRequest(home: Home, { name, hostname, networks }: ContainerRecord): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name))
    throw new OciError(
      'ARGUMENT_INVALID',
      `invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      { got: name, where: '--name' },
    )
  if (!/^[\w.-]{1,63}$/.test(hostname))
    throw new OciError('ARGUMENT_INVALID', `invalid hostname: ${hostname}`, { got: hostname, where: '--hostname' })
  const alone = networks.find(network => /^(none$|host$|container:)/.test(network))
  if (alone !== undefined && networks.length > 1)
    throw new OciError('ARGUMENT_INVALID', `network ${alone}: cannot be one of several`, { got: networks })
  if (alone?.startsWith('container:')) findRecord(home, alone.slice('container:'.length))
  if (alone === undefined) for (const network of networks) namedNetwork(home, network)
}

/** A pod that has just been removed takes in nobody. */
function checkPod(home: Home, record: ContainerRecord): void {
  if (record.pod && !isSandbox(record)) findRecord(home, record.pod.sandbox)
}

/** Pods and containers are named in one room. */
function checkName(home: Home, record: ContainerRecord): void {
  const { name, pod } = record
  const names = isSandbox(record) ? [name, pod!.name] : [name]
  const records = allRecords(home)
  const taken = records.find(other => isSandbox(other) && names.includes(other.pod!.name))
  if (taken)
    throw new OciError('CONTAINER_EXISTS', `name "${taken.pod!.name}" is in use: pod already exists`, {
      got: taken.pod!.name,
      where: taken.pod!.id,
    })
  const other = records.find(({ name }) => names.includes(name))
  if (other)
    throw new OciError(
      'CONTAINER_EXISTS',
      `the container name "/${other.name}" is already in use by container "${other.id}": you have to remove (or rename) that container to be able to reuse that name`,
      { got: other.name, where: other.id },
    )
}

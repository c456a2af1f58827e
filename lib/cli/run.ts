import type { Command } from 'commander'
import { inPod } from '../engine/pod/create.ts'
import { createRecord } from '../engine/run/create.ts'
import { removeIfAsked } from '../engine/run/end.ts'
import { parsePorts } from '../engine/run/ports.ts'
import type { ContainerRecord } from '../engine/run/record.ts'
import type { RunRequest } from '../engine/run/request.ts'
import { startDetached } from '../engine/run/start.ts'
import type { Home } from '../engine/run/store.ts'
import { parseVolume } from '../engine/run/volumes.ts'
import { OciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { printable } from '../lab/show/picture.ts'
import { hostPlatform, type Platform, showPlatform } from '../spec/platform.ts'
import { asDocker, type HomeFlags, homeCommand, journaled, several } from './home.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'
import { runInForeground } from './inForeground.ts'
import { withRunImage } from './runImage.ts'
import { session } from './session.ts'

interface RunFlags extends HomeFlags, Omit<ImageFlags, 'username'> {
  publish?: string[]
  publishAll?: boolean
  volume?: string[]
  env?: string[]
  workdir?: string
  user?: string
  name?: string
  hostname?: string
  entrypoint?: string
  network?: string[]
  pod?: string
  rm?: boolean
  detach?: boolean
  interactive?: boolean
  tty?: boolean
  ipForward?: boolean
}

export function command(): Command {
  return withContainerFlags(
    homeCommand(
      'Makes a container of an image and runs it, with ports, volumes and a network of its own (docker run).',
    ),
  ).action((image: string, args: string[], flags: RunFlags) =>
    asDocker(() => journaled(flags, (home, options) => run(home, image, args, flags, options))),
  )
}

function withContainerFlags(command: Command): Command {
  return withImageFlags(command, { user: false })
    .helpOption('--help', 'display help for command')
    .argument('<image>', 'tiny, java, oci:DIR:TAG, docker://REF, or NAME:TAG')
    .argument('[args...]', "in the place of the image's command")
    .passThroughOptions()
    .option('-p, --publish <ports>', '[IP:][HOST[-LAST]:]PORT[-LAST][/udp]: lead a port of the host into it', several)
    .option('-P, --publish-all', 'every port the image exposes, each on any port of the host')
    .option('-v, --volume <volume>', '[SOURCE:]TARGET[:ro]: a path of the host, or a named volume', several)
    .option('-e, --env <NAME[=value]>', 'a variable; without a value, ours', several)
    .option('-w, --workdir <folder>', 'where its program starts')
    .option('-u, --user <user[:group]>', 'who runs its program')
    .option('--name <name>', 'what it is called')
    .option('-h, --hostname <name>', 'what it calls itself')
    .option('--entrypoint <program>', "in the place of the image's")
    .option('--network <network>', 'none, host, bridge, container:NAME, or one that network create made', several)
    .option('--pod <pod>', 'one more container of a pod: with its network, its ports and its name (podman)')
    .option('--rm', 'remove it when it ends')
    .option('-d, --detach', 'leave it running, and print its id')
    .option('-i, --interactive', 'its stdin is ours')
    .option('-t, --tty', 'with a terminal of its own')
    .option('--ip-forward', 'switch on that this host hands packets on, until ocilab reset')
}

async function run(home: Home, image: string, args: string[], flags: RunFlags, options: Options): Promise<number> {
  if (flags.tty && flags.interactive && !flags.detach && !process.stdin.isTTY)
    throw new OciError('ARGUMENT_INVALID', 'the input device is not a TTY', { where: '--tty' })
  const asked = requestOf(image, args, flags)
  const request = flags.pod === undefined ? asked : inPod(home, flags.pod, asked)
  const record = await session(
    flags,
    told =>
      withRunImage(image, flags, told, found => {
        if (flags.platform === undefined) warnOfPlatform(found.config)
        return createRecord(home, found, request, told)
      }),
    options.onEvent,
  )
  if (flags.detach) return startAndPrint(home, record, options)
  return runInForeground(home, record, options)
}

async function startAndPrint(home: Home, record: ContainerRecord, options: Options): Promise<number> {
  try {
    await startDetached(home, record, { ...options, warn })
  } catch (error) {
    // Docker leaves one that could not be started, but not when it was to be removed.
    await removeIfAsked(home, record, options)
    throw error
  }
  process.stdout.write(`${record.id}\n`)
  return 0
}

function requestOf(image: string, args: string[], flags: RunFlags): RunRequest {
  const { name, hostname, entrypoint, env, workdir, user, network, publishAll, interactive } = flags
  return {
    ...{ image, args, name, hostname, entrypoint, env, workdir, user, publishAll, interactive },
    networks: network,
    ports: flags.publish?.flatMap(parsePorts),
    volumes: flags.volume?.map(parseVolume),
    remove: flags.rm,
    terminal: flags.tty,
    forward: flags.ipForward,
  }
}

/** An image for another processor is tried all the same: the kernel may know how to emulate it. An image may say nothing. */
function warnOfPlatform(wanted: Platform): void {
  const host = hostPlatform()
  if (wanted.os !== host.os || wanted.architecture === host.architecture || wanted.architecture === '') return
  warn(
    `The requested image's platform (${showPlatform(wanted)}) does not match the detected host platform (${showPlatform(host)}) and no specific platform was requested`,
  )
}

function warn(message: string): void {
  process.stderr.write(`WARNING: ${printable(message)}\n`)
}

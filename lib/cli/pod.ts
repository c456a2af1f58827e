import { Command } from 'commander'
import { createPod, parseShare } from '../engine/pod/create.ts'
import { inspectPod } from '../engine/pod/inspect.ts'
import { killPod, removePod, startPod, stopPod } from '../engine/pod/life.ts'
import { findPod, listPods, type Pod, podState } from '../engine/pod/pod.ts'
import { parsePorts } from '../engine/run/ports.ts'
import { type PodNamespace, shortId } from '../engine/run/record.ts'
import { type Home, homeOf } from '../engine/run/store.ts'
import { ago } from '../engine/run/words.ts'
import { isOciError } from '../errors.ts'
import type { Options } from '../events.ts'
import { columns } from './columns.ts'
import { type HomeFlags, homeCommand, journaled, several } from './home.ts'
import { report } from './report.ts'
import { print } from './session.ts'
import { seconds } from './stop.ts'

interface CreateFlags extends HomeFlags {
  name?: string
  hostname?: string
  share?: PodNamespace[]
  network?: string[]
  publish?: string[]
  ipForward?: boolean
}

export function command(): Command {
  return new Command()
    .description('Containers that have namespaces in common: one network, one localhost (podman pod).')
    .addCommand(create())
    .addCommand(list())
    .addCommand(
      verb('inspect', 'show pods: always JSON').action((names: string[], { id, root }: HomeFlags) => {
        const home = homeOf(id, root)
        const shown = names.map(name => inspectPod(home, findPod(home, name)))
        print({ json: true }, shown, () => '')
      }),
    )
    .addCommand(verb('start', 'start all containers of pods').action(each((home, pod, _, o) => startPod(home, pod, o))))
    .addCommand(withTime(verb('stop', 'ask all containers of pods to end')).action(each(stop)))
    .addCommand(withTime(verb('restart', 'end all containers of pods and start them again')).action(each(restart)))
    .addCommand(
      verb('kill', 'send a signal to all containers of pods')
        .option('-s, --signal <signal>', 'which', 'KILL')
        .action(each((home, pod, { signal }) => killPod(home, pod, signal))),
    )
    .addCommand(
      verb('rm', 'remove pods with all their containers')
        .option('-f, --force', 'those that run, too; one that is gone is fine')
        .action(each((home, pod, { force }, options) => removePod(home, pod, { ...options, force }))),
    )
}

function create(): Command {
  return homeCommand('make a pod, that containers are added to with run --pod')
    .name('create')
    .helpOption('--help', 'display help for command')
    .argument('[name]')
    .option('-n, --name <name>', 'what it is called')
    .option('-h, --hostname <name>', 'what its containers call themselves')
    .option('--share <namespaces>', 'ipc,net,uts, or others; +pid: that, too; none', parseShare)
    .option('--network <network>', 'none, host, bridge, or one that network create made', several)
    .option('-p, --publish <ports>', '[IP:][HOST[-LAST]:]PORT[-LAST][/udp]: lead a port of the host into it', several)
    .option('--ip-forward', 'switch on that this host hands packets on, until ocilab reset')
    .action((word: string | undefined, flags: CreateFlags) =>
      journaled(flags, async (home, options) => {
        const { name = word, hostname, share, network, publish, ipForward } = flags
        const ports = publish?.flatMap(parsePorts)
        const request = { name, hostname, share, networks: network, ports, forward: ipForward }
        process.stdout.write(`${(await createPod(home, request, options)).id}\n`)
      }),
    )
}

function list(): Command {
  return homeCommand('list pods')
    .name('ps')
    .alias('ls')
    .option('-q, --quiet', 'only their ids')
    .option('--json', 'as JSON, as inspect has it')
    .action(({ id, root, ...flags }: HomeFlags & { quiet?: boolean; json?: boolean }) => {
      const home = homeOf(id, root)
      const pods = listPods(home)
      const inspected = pods.map(pod => inspectPod(home, pod))
      print(flags, inspected, () => (flags.quiet ? pods.map(shortId) : table(home, pods)))
    })
}

function table(home: Home, pods: readonly Pod[]): string[] {
  return columns([
    ['POD ID', 'NAME', 'STATUS', 'CREATED', 'INFRA ID', '# OF CONTAINERS'],
    ...pods.map(pod => [
      ...[shortId(pod), pod.name, podState(home, pod), ago(pod.sandbox.created)],
      ...[shortId(pod.sandbox), String(pod.members.length + 1)],
    ]),
  ])
}

interface VerbFlags extends HomeFlags {
  time?: number
  signal?: string
  force?: boolean
}

function verb(name: string, description: string): Command {
  return homeCommand(description).name(name).argument('<pods...>')
}

function withTime(command: Command): Command {
  return command.option('-t, --time <seconds>', 'how long they may take', seconds, 10)
}

type Work = (home: Home, pod: Pod, flags: VerbFlags, options: Options & { warn(m: string): void }) => Promise<void>

const stop: Work = (home, pod, { time = 10 }, options) => stopPod(home, pod, { ...options, timeout: time * 1000 })

const restart: Work = async (home, pod, flags, options) => {
  await stop(home, pod, flags, options)
  await startPod(home, findPod(home, pod.id), options)
}

/** Does the same with each pod, and prints its id, as podman does; what fails is told, and the others are done. */
function each(work: Work) {
  return (names: string[], flags: VerbFlags) =>
    journaled(flags, async (home, options) => {
      const warn = (message: string) => void process.stderr.write(`WARNING: ${message}\n`)
      for (const name of names)
        try {
          const pod = findPod(home, name)
          await work(home, pod, flags, { ...options, warn })
          process.stdout.write(`${pod.id}\n`)
        } catch (error) {
          if (flags.force && isOciError(error, 'CONTAINER_UNKNOWN')) continue
          report(error)
          process.exitCode = 1
        }
    })
}

import { Command, Option } from 'commander'
import { openJournal } from '../lab/journal.ts'
import type { Runtime } from '../runtime/container.ts'
import { runtimeNamed } from '../runtime/named.ts'
import type { ContainerState } from '../spec/runtimeConfig.ts'
import { print, session } from './session.ts'

interface Flags {
  runtime: string
  root?: string
  bundle: string
  output?: string
  tty?: boolean
  force?: boolean
  json?: boolean
}

type Named = Flags & { id: string; words: string[] }

export function command(): Command {
  return new Command()
    .description('Containers by an OCI runtime that is installed here.')
    .enablePositionalOptions()
    .addCommand(withBundle(verb('create', 'make a container, ready to start')).action(run('create')))
    .addCommand(withBundle(verb('run', 'create and start a container, detached')).action(run('run')))
    .addCommand(
      verb('start', 'start a created container')
        .argument('<id>')
        .action(on((it, { id }) => it.load(id).then(c => c.start()))),
    )
    .addCommand(verb('state', 'show the state of a container').argument('<id>').action(state))
    .addCommand(verb('list', 'list containers').option('--json', 'as JSON').action(list))
    .addCommand(
      verb('exec', 'run a program in a container')
        .argument('<id>')
        .argument('<words...>')
        .option('-t, --tty', 'with a pseudo-terminal')
        .passThroughOptions()
        .action(exec),
    )
    .addCommand(
      verb('kill', 'send a signal (SIGTERM) to a container')
        .argument('<id>')
        .argument('[signal]')
        .action(on((it, { id, words }) => it.load(id).then(c => c.kill(words[0])))),
    )
    .addCommand(
      verb('delete', 'remove a stopped container')
        .argument('<id>')
        .option('-f, --force', 'a running one too')
        .action(remove),
    )
}

function verb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(new Option('--runtime <name>', 'ocirun (ours), runc, crun, or the path of a runtime').default('ocirun'))
    .option('--root <folder>', "the runtime's state folder")
}

function withBundle(command: Command): Command {
  return command
    .argument('<id>')
    .option('-b, --bundle <folder>', 'the bundle', '.')
    .option('--output <file>', 'where its output goes')
}

/** An action that gets the runtime, and its arguments by name. */
function on(work: (runtime: Runtime, named: Named) => Promise<unknown>) {
  return async (id: string, second: unknown, third: unknown) => {
    const words = [second].flat().filter(word => typeof word === 'string')
    const flags = [second, third].find(
      value => typeof value === 'object' && value !== null && 'runtime' in value,
    ) as Flags
    await work(runtimeNamed(flags.runtime, { root: flags.root }), { ...flags, id, words })
  }
}

function run(how: 'create' | 'run') {
  return on(async (runtime, { id, bundle, output }) => {
    // Journaled, so that `ocilab reset` finds the container even if this machine loses power now.
    const journal = openJournal('default')
    await session({}, options => runtime[how](id, bundle, { ...options, output }), journal.onEvent)
    journal.close()
  })
}

const remove = on(async (runtime, { id, force }) => {
  const journal = openJournal('default')
  await session({}, async options => (await runtime.load(id)).delete({ ...options, force }), journal.onEvent)
  journal.close()
})

const state = on(async (runtime, { id }) => print({ json: true }, await (await runtime.load(id)).state(), () => ''))

const exec = on(async (runtime, { id, words, tty }) => {
  const container = await runtime.load(id)
  const how = { terminal: tty, interactive: process.stdin.isTTY && process.stdout.isTTY }
  const { status, stdout, stderr } = await container.exec({ args: words }, how)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = status
})

async function list(flags: Flags): Promise<void> {
  const states = await runtimeNamed(flags.runtime, { root: flags.root }).list()
  print(flags, states, () => table(states))
}

/** Columns as runc has them: at least twelve wide, three apart. */
function table(states: ContainerState[]): string[] {
  const rows = [
    ['ID', 'PID', 'STATUS', 'BUNDLE'],
    ...states.map(({ id, pid, status, bundle }) => [id, String(pid), status, bundle]),
  ]
  const width = (column: number) => Math.max(12, ...rows.map(row => row[column]!.length + 3))
  return rows.map(row => row.map((cell, column) => (column === 3 ? cell : cell.padEnd(width(column)))).join(''))
}

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBundle } from '../../bundle/bundle.ts'
import { ocirun } from '../../runtime/ocirun.ts'
import { dockerProfile } from '../../runtime/seccomp/testProfile.ts'
import { testBundle } from '../../runtime/testBundle.ts'
import { program, runProgram } from './program.ts'
import { DIST } from './startUp.ts'
import type { Comparison, Contender, Place, Suite } from './suite.ts'

const AT_ONCE = 50

/** The life of a container that does nothing: namespaces, cgroups, Docker's seccomp profile, capabilities, masked paths, state. */
export const suite: Suite = {
  async open(place) {
    const bundle = await bundleOfTrue(place)
    return [inProgram(bundle, place.folder), asProcess(bundle, place.folder), atOnce(bundle, place.folder)]
  },
}

async function bundleOfTrue({ defer }: Place): Promise<string> {
  const bundle = await testBundle(['true'])
  defer(bundle.remove)
  await (await openBundle(bundle.path)).edit(config => {
    config.linux!.seccomp = dockerProfile()
  })
  return bundle.path
}

function inProgram(bundle: string, folder: string): Comparison {
  const root = join(folder, 'library')
  const runtime = ocirun({ root })
  const run = async (id = 'bench') => {
    const container = await runtime.run(id, bundle)
    await container.wait()
    await container.delete()
  }
  const ours: Contender = { name: 'ocilab, in this program', run: () => run(), result: () => left('bench', root) }
  return {
    name: 'runtime: a container from a program',
    goal: 0.7,
    pairs: 30,
    ours,
    peers: [cli('crun', folder, bundle)],
  }
}

function asProcess(bundle: string, folder: string): Comparison {
  const ours = cli(`ocirun`, folder, bundle, [process.execPath, join(DIST, 'ocirun.cjs')])
  return { name: 'runtime: run, as a program', goal: 1.5, pairs: 20, ours, peers: [cli('runc', folder, bundle)] }
}

function atOnce(bundle: string, folder: string): Comparison {
  const root = join(folder, 'library')
  const runtime = ocirun({ root })
  const ids = Array.from({ length: AT_ONCE }, (_, i) => `bench-${i}`)
  const all = (one: (id: string) => Promise<void>) => Promise.all(ids.map(one))
  const ours: Contender = {
    name: 'ocilab, in this program',
    run: () =>
      all(async id => {
        const container = await runtime.run(id, bundle)
        await container.wait()
        await container.delete()
      }),
    result: () => left('bench-', root),
  }
  const theirs = join(folder, 'crun')
  const crun: Contender = {
    name: 'crun run',
    run: () => all(id => runProgram(['crun', '--root', theirs, 'run', '--bundle', bundle, id])),
    result: () => left('bench-', theirs),
  }
  return { name: `runtime: ${AT_ONCE} containers at once`, goal: 0.7, ours, peers: [crun] }
}

/** `RUNTIME run`, which makes a container, starts it, waits for it and takes it away. */
function cli(name: string, folder: string, bundle: string, command: string[] = [name]): Contender {
  const root = join(folder, name)
  const id = `bench-${name}`
  return program(`${name} run`, [...command, '--root', root, 'run', '--bundle', bundle, id], () => left(id, root))
}

/** What is left of containers whose ids begin so: nothing is what all have to leave. */
function left(id: string, root: string): string[] {
  const cgroups = readdirSync('/sys/fs/cgroup').flatMap(name => {
    const folder = join('/sys/fs/cgroup', name)
    return existsSync(join(folder, 'cgroup.procs')) ? readdirSync(folder) : []
  })
  const states = existsSync(root) ? readdirSync(root) : []
  return [...cgroups, ...states].filter(name => name.startsWith(id))
}

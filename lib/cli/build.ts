import { rmSync, writeFileSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { Command, Option } from 'commander'
import { build } from '../engine/build/build.ts'
import { explainLines } from '../engine/build/explain.ts'
import { parsePlatform } from '../spec/platform.ts'
import { namedValues } from './namedValues.ts'
import { session } from './session.ts'

interface BuildFlags {
  file?: string
  iidfile?: string
  tag: string[]
  output: string[]
  buildArg: string[]
  target?: string
  label: string[]
  cache: boolean
  platform?: string
  store?: string
  network: 'none' | 'host'
  explain?: boolean
  quiet?: boolean
  trace?: boolean
  tlsVerify?: string
}

const repeated = (value: string, before: string[]) => [...before, value]

export function command(): Command {
  return new Command()
    .description('Builds an image from a Dockerfile, without a daemon (docker build).')
    .argument('<context>', 'the folder that COPY takes files from; - for a tar of it, or only a Dockerfile, on stdin')
    .option('-f, --file <file>', 'the Dockerfile (CONTEXT/Dockerfile by default); - for what is on stdin')
    .option('-t, --tag <name:tag>', 'a name for the image', repeated, [])
    .option(
      '-o, --output <place>',
      'copy it there: oci:DIR, docker-archive:FILE, docker-daemon:NAME, docker://NAME …',
      repeated,
      [],
    )
    .option('--build-arg <name=value>', 'a value for an ARG', repeated, [])
    .option('--target <stage>', 'build this stage (the last one by default)')
    .option('--label <name=value>', 'a label for the image', repeated, [])
    .option('--no-cache', 'make every layer anew')
    .option('--platform <os/arch[/variant]>', 'whom the image is for (this machine by default)')
    .addOption(new Option('--network <mode>', 'what RUN may reach').choices(['host', 'none']).default('host'))
    .option('--store <folder>', 'where images and cache are kept (an OCI layout)')
    .option('--iidfile <file>', 'write the id of the image there')
    .option('--explain', 'tell of each instruction its layer, chain id, history, and why it was made anew')
    .option('-q, --quiet', 'print only the id of the image')
    .action(async (context: string, flags: BuildFlags) => {
      // What an earlier build left there must not be taken for this one's.
      if (flags.iidfile) rmSync(flags.iidfile, { force: true })
      const line = (text: string) => process.stdout.write(`${text}\n`)
      const { id, steps } = await session(
        { quiet: true },
        options =>
          build(context, {
            ...options,
            file: flags.file,
            stdin: [context, flags.file].includes('-') ? addAbortSignal(options.signal!, process.stdin) : undefined,
            tags: flags.tag,
            outputs: flags.output,
            target: flags.target,
            noCache: !flags.cache,
            store: flags.store,
            network: flags.network,
            buildArgs: namedValues(flags.buildArg, '--build-arg', name => process.env[name]),
            labels: namedValues(flags.label, '--label', () => ''),
            platform: flags.platform === undefined ? undefined : parsePlatform(flags.platform),
          }),
        event => {
          if (event.type === 'build' && !flags.quiet) line(event.line)
        },
      )
      if (flags.iidfile) writeFileSync(flags.iidfile, id)
      if (flags.explain) for (const text of explainLines(steps)) line(text)
      if (flags.quiet) line(id)
    })
}

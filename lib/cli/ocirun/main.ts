import { type Flags, parseFlags } from './flags.ts'
import { GLOBAL_FLAGS, type Global, globalOf } from './global.ts'
import { reportError } from './log.ts'
import { verbs } from './verbs.ts'

/** runc's command line. Exit codes as runc's: 0 done, 1 it failed, 255 exec could not start, else the program's own. */
export async function main(argv: readonly string[]): Promise<number> {
  let global: Global | undefined
  try {
    const { flags, rest } = parseFlags(GLOBAL_FLAGS, argv, 'ocirun')
    global = globalOf(flags)
    const [name, ...words] = rest
    if (flags.version || name === '--version') return say((await import('./help.ts')).versionText())
    if (name === undefined || flags.help || name === 'help' || name === 'h')
      return say((await import('./help.ts')).helpText())
    return await runVerb(name, words, global)
  } catch (error) {
    return reportError(error, global)
  }
}

async function runVerb(name: string, words: readonly string[], global: Global): Promise<number> {
  const verb = verbs.find(verb => verb.name === name)
  if (!verb) {
    process.stderr.write(`No help topic for '${name}'\n`)
    return 3
  }
  const { command } = await verb.load()
  const table = { ...command.flags, help: 'switch', h: '=help' } as const
  const [least, most] = command.operands
  const { flags, rest } = parseFlags(table, words, name, { mixed: Number.isFinite(most) })
  if (flags.help) return say((await import('./help.ts')).verbHelp(name, verb.summary, command))
  if (rest.length < least || rest.length > most) {
    const { verbHelp } = await import('./help.ts')
    process.stderr.write(`Incorrect Usage.\n\n${verbHelp(name, verb.summary, command)}`)
    const wanted = most === Number.POSITIVE_INFINITY ? `a minimum of ${least}` : `exactly ${least}`
    throw new Error(`ocirun: "${name}" requires ${wanted} argument(s)`)
  }
  return command.run({ flags: flags as Flags, operands: rest, global })
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { PACKAGE } from '../package.ts'
import { type Verb, verbs } from './verbs.ts'

/** Only the verb that was asked for is loaded. Exit codes: 0 done, 1 it failed, 2 it was asked wrongly, 130/143 it was interrupted. */
export async function main(args: string[]): Promise<number> {
  try {
    return await runVerb(args)
  } catch (error) {
    const { isUsageError, report } = await import('./report.ts')
    return isUsageError(error) ? error.status : report(error)
  }
}

async function runVerb([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(args[0])
  if (name === '--version' || name === '-V') return say(version())
  const verb = verbs.find(verb => verb.name === name)
  if (!verb) return unknown(name)
  const { command } = await verb.load()
  const program = throwing(command().name(`ocilab ${verb.name}`).summary(verb.summary))
  await program.parseAsync(args, { from: 'user' })
  return Number(process.exitCode ?? 0)
}

/** Commander would end the process itself, here and in every verb below. */
function throwing(program: Command): Command {
  for (const below of program.commands) throwing(below)
  return program.exitOverride()
}

async function help(name?: string): Promise<number> {
  const verb = verbs.find(verb => verb.name === name)
  if (verb) return runVerb([verb.name, '--help'])
  const width = Math.max(...verbs.map(verb => verb.name.length))
  const section = (title: string, wanted: Verb['group']) =>
    `${title}\n${verbs
      .filter(verb => verb.group === wanted)
      .map(verb => `  ${verb.name.padEnd(width)}  ${verb.summary}`)
      .join('\n')}\n`
  return say(
    [
      'ocilab: understanding OCI, by doing it\n\nUsage: ocilab VERB [options]      ocilab VERB --help says more\n',
      section('Images', 'image'),
      section('Containers', 'container'),
      section('Network', 'network'),
      section('Lab', 'lab'),
    ].join('\n'),
  )
}

function unknown(name: string): number {
  process.stderr.write(`ocilab: no such verb: ${name} (ocilab --help lists them)\n`)
  return 2
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
  return version
}

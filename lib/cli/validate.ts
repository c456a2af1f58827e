import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { readConfigJson } from '../bundle/configFile.ts'
import { configProblems, describeProblem } from '../spec/runtime/check.ts'

export function command(): Command {
  return new Command()
    .description('Names every wrong field of a runtime configuration. Exit code 1 when there is one.')
    .argument('<path>', 'a bundle, or its config.json')
    .option('--json', 'the problems as JSON')
    .action((path: string, { json }: { json?: boolean }) => {
      const file = configOf(path)
      const problems = configProblems(readConfigJson(file))
      if (json) process.stdout.write(`${JSON.stringify(problems, null, 2)}\n`)
      else if (problems.length === 0) process.stdout.write(`${file}: valid\n`)
      else for (const problem of problems) process.stdout.write(`${describeProblem(problem)}\n`)
      if (problems.length > 0) process.exitCode = 1
    })
}

function configOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, 'config.json') : path
}

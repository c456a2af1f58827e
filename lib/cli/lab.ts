import { spawn } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { Language } from '../lab/claim.ts'
import { courseRoot } from '../lab/course/place.ts'
import { configureJupyter, installJupyter, jupyterHome } from '../lab/jupyter/server/install.ts'
import { startJupyter } from '../lab/jupyter/server/server.ts'
import { LANGUAGES, NOTEBOOKS } from '../lab/notebook/course.ts'
import { PACKAGE } from '../package.ts'
import { languageOption } from './check.ts'
import { parsePort } from './port.ts'
import { session } from './session.ts'

interface LabFlags {
  browser: boolean
  installOnly?: boolean
  port?: number
  lang: Language
}

export function command(): Command {
  return new Command()
    .description('Opens the course in JupyterLab, on this machine only. The first time, JupyterLab is installed.')
    .option('--no-browser', 'only say where it is')
    .option('--install-only', 'install what is missing, for a workshop or a room without Wi-Fi, and end')
    .addOption(new Option('--port <port>', 'this port and no other').argParser(parsePort))
    .addOption(languageOption())
    .action(async (flags: LabFlags) => {
      await session({ quiet: true }, ({ signal }) => open(flags, signal!))
    })
}

async function open({ browser, installOnly, port, lang }: LabFlags, signal: AbortSignal): Promise<void> {
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const program = await installJupyter(say, { signal })
  if (installOnly) return say(`ready: ${program.path}`)
  const configuration = await configureJupyter(PACKAGE)
  const root = courseRoot()
  const folder = await copyNotebooks(root)
  await mkdir(join(root, '.ocilab'), { recursive: true })
  const log = join(root, '.ocilab/jupyter.log')
  const notebook = `notebooks/${lang}/00-start-here.ipynb`
  say('JupyterLab is starting …')
  const server = await startJupyter(program, { folder, configuration, port, notebook, log, signal })
  try {
    process.stdout.write(`${server.url}\n`)
    say(`JupyterLab is ready (its log: ${log}; installed in ${jupyterHome()}). Ctrl-C ends it.`)
    if (browser) openBrowser(server.url)
    await Promise.race([
      server.ended,
      new Promise(resolve => signal.addEventListener('abort', resolve, { once: true })),
    ])
  } finally {
    await server.close()
  }
}

/**
 * The learner's own copies of the notebooks, beside what they make in the lessons. Those that are there already stay as
 * they are: there is work in them.
 */
async function copyNotebooks(root: string): Promise<string> {
  const folder = join(root, 'lab-work')
  for (const language of LANGUAGES)
    await cp(join(NOTEBOOKS, language), join(folder, 'notebooks', language), { recursive: true, force: false })
  return folder
}

// Where there is no desktop there is no xdg-open, and then the address has been printed.
function openBrowser(url: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  spawn(program, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

import { createRequire } from 'node:module'
import type { Command } from './global.ts'
import { verbs } from './verbs.ts'

/** ≙ `runc --version` */
export function versionText(): string {
  // By the package's own name: from the sources and from the bundle, the way to the file is not the same.
  const { version } = createRequire(import.meta.url)('ocilab/package.json') as { version: string }
  return `ocirun version ${version}\nspec: 1.3.0\nnode: ${process.version}\n`
}

/** What there is. */
export function helpText(): string {
  const width = Math.max(...verbs.map(({ name }) => name.length))
  return [
    'NAME:\n   ocirun - Open Container Initiative runtime, to be read\n',
    'USAGE:\n   ocirun [global options] command [command options] [arguments...]\n',
    'COMMANDS:',
    ...verbs.map(({ name, summary }) => `   ${name.padEnd(width)}  ${summary}`),
    '\nGLOBAL OPTIONS:',
    '   --root DIR           where states are kept (default: /run/ocirun)',
    '   --log FILE           where errors are written (default: stderr)',
    '   --log-format FORMAT  text or json (default: text)',
    '   --debug              say more',
    '   --systemd-cgroup     not supported: cgroups are made in /sys/fs/cgroup',
    '   --help, -h; --version, -v\n',
  ].join('\n')
}

/** What one verb takes. */
export function verbHelp(name: string, summary: string, { usage, flags }: Command): string {
  const long = Object.entries(flags).filter(([, kind]) => !kind.startsWith('='))
  const short = (flag: string) => Object.keys(flags).filter(other => flags[other] === `=${flag}`)
  const lines = long.map(([flag, kind]) => {
    const names = [`--${flag}`, ...short(flag).map(other => (other.length === 1 ? `-${other}` : `--${other}`))]
    return `   ${names.join(', ')}${kind === 'switch' ? '' : ' VALUE'}`
  })
  return [
    `NAME:\n   ocirun ${name} - ${summary}\n`,
    `USAGE:\n   ocirun ${name} ${usage}\n`,
    'OPTIONS:',
    ...lines,
    '',
  ].join('\n')
}

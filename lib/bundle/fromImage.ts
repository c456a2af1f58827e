import { OciError } from '../errors.ts'
import type { ImageConfig } from '../spec/imageConfig.ts'
import { shown } from '../spec/parse.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import { defaultSpec, type SpecOptions } from './defaultSpec.ts'
import { type Accounts, resolveUser } from './user.ts'
import { imageVolumes } from './volumes.ts'

const PREFIX = 'org.opencontainers.image'

/**
 * What an image says of its process, as a runtime configuration: env, args, working directory, user, annotations,
 * volumes. image-spec conversion.md. Throws `CONFIG_INVALID` for a user that is not in the image, and for what no process
 * can be told.
 */
export function runtimeSpecFor(image: ImageConfig, accounts: Accounts, options: SpecOptions = {}): RuntimeConfig {
  const spec = defaultSpec(options)
  const { Env = [], Entrypoint = [], Cmd = [], WorkingDir, User = '' } = image.config ?? {}
  const args = [...Entrypoint, ...Cmd]
  const user = resolveUser(User, accounts)
  const env = environment(Env, user.home)
  const cwd = absolute(WorkingDir || '/')
  checkTexts({ Entrypoint: args, Env: env, WorkingDir: [cwd] })
  return {
    ...spec,
    process: {
      ...spec.process!,
      terminal: false,
      user: user.ids,
      ...(args.length > 0 && { args }),
      env,
      cwd,
    },
    root: { path: 'rootfs' },
    mounts: [...(spec.mounts ?? []), ...imageVolumes(image.config).map(tmpfs)],
    annotations: annotations(image),
  }
}

// Variables of the image are taken word for word; only what is absent is added.
function environment(env: string[], home: string): string[] {
  const has = (name: string) => env.some(entry => entry.startsWith(`${name}=`))
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return [
    ...env,
    ...(has('PATH') ? [] : [path]),
    ...(has('TERM') ? [] : ['TERM=xterm']),
    ...(has('HOME') ? [] : [`HOME=${home}`]),
  ]
}

function tmpfs(destination: string) {
  return {
    destination,
    type: 'tmpfs',
    source: 'none',
    options: ['rw', 'nosuid', 'nodev', 'noexec', 'relatime'],
  }
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

/** The kernel takes texts that end with their first NUL, and variables that have a name. */
function checkTexts(fields: Readonly<Record<'Entrypoint' | 'Env' | 'WorkingDir', readonly string[]>>): void {
  for (const [name, texts] of Object.entries(fields)) {
    const text = texts.find(text => text.includes('\0'))
    if (text !== undefined) throw unfit(`${name}: has a NUL`, text)
  }
  const nameless = fields.Env.find(entry => entry.startsWith('='))
  if (nameless !== undefined) throw unfit('Env: no name', nameless)
}

function unfit(what: string, got: string): OciError {
  return new OciError('CONFIG_INVALID', `config: ${what}: ${shown(got)}`, { got })
}

/** What tells of the image itself; labels of the same name win. What no annotation may be is left out: it is no reason not to run. */
function annotations(image: ImageConfig): Record<string, string> {
  const { Labels = {}, StopSignal, ExposedPorts = {} } = image.config ?? {}
  const derived: Record<string, string | undefined> = {
    [`${PREFIX}.os`]: image.os,
    [`${PREFIX}.architecture`]: image.architecture,
    [`${PREFIX}.variant`]: image.variant,
    [`${PREFIX}.os.version`]: image['os.version'],
    [`${PREFIX}.os.features`]: image['os.features']?.join(','),
    [`${PREFIX}.author`]: image.author,
    [`${PREFIX}.created`]: image.created,
    [`${PREFIX}.stopSignal`]: StopSignal,
    [`${PREFIX}.exposedPorts`]: Object.keys(ExposedPorts).sort().join(','),
  }
  const present = Object.entries(derived).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  )
  const all = Object.entries({ ...Object.fromEntries(present), ...Labels })
  return Object.fromEntries(all.filter(([name, value]) => name !== '' && !`${name}${value}`.includes('\0')))
}

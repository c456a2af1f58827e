import { OciError } from '../errors.ts'
import type { ImageConfig } from '../spec/imageConfig.ts'
import type { RuntimeConfig } from '../spec/runtimeConfig.ts'
import { defaultSpec, type SpecOptions } from './defaultSpec.ts'
import { type Accounts, resolveUser } from './user.ts'

const PREFIX = 'org.opencontainers.image'

/**
 * What an image says of its process, as a runtime configuration: env, args, working directory, user, annotations,
 * volumes. image-spec conversion.md. Throws `CONFIG_INVALID` for a user that is not in the image.
 */
export function runtimeSpecFor(image: ImageConfig, accounts: Accounts, options: SpecOptions = {}): RuntimeConfig {
  const spec = defaultSpec(options)
  const { Env = [], Entrypoint = [], Cmd = [], WorkingDir, User = '', Volumes = {} } = image.config ?? {}
  const args = [...Entrypoint, ...Cmd]
  const user = resolveUser(User, accounts)
  return {
    ...spec,
    process: {
      ...spec.process!,
      terminal: false,
      user: user.ids,
      ...(args.length > 0 && { args }),
      env: environment(Env, user.home),
      cwd: absolute(WorkingDir || '/'),
    },
    root: { path: 'rootfs' },
    mounts: [...(spec.mounts ?? []), ...Object.keys(Volumes).sort().map(volume)],
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

function volume(destination: string) {
  return {
    destination: absolute(destination),
    type: 'tmpfs',
    source: 'none',
    options: ['rw', 'nosuid', 'nodev', 'noexec', 'relatime'],
  }
}

function absolute(path: string): string {
  if (path.includes('\0'))
    throw new OciError('CONFIG_INVALID', `config: a path with NUL: ${JSON.stringify(path)}`, { got: path })
  return path.startsWith('/') ? path : `/${path}`
}

/** What tells of the image itself; labels of the same name win. */
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
  return { ...Object.fromEntries(present), ...Labels }
}

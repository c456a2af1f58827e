import { OciError } from '../../errors.ts'
import type { Resources } from '../linuxConfig.ts'
import type { RuntimeConfig, RuntimeProcess, RuntimeUser } from '../runtimeConfig.ts'
import { CONFLICTS } from './conflicts.ts'
import { linuxRule } from './linuxRules.ts'
import { mountsRule } from './mountRules.ts'
import { processRule } from './processRules.ts'
import { resourcesRule } from './resourceRules.ts'
import { absolute, boolean, filled, list, map, matching, object, type Rule, text, texts, whole } from './rule.ts'

/** One field that is wrong. */
export interface Problem {
  /** Its JSON path, `process.rlimits[0].soft` or `linux.sysctl["net.core.somaxconn"]`; empty for the whole document. */
  readonly path: string
  readonly what: string
  readonly want: string
  readonly got: unknown
}

/** SemVer 2.0.0, of which this runtime knows the first major version and what came before. */
const version = matching(/^[01]\.\d+\.\d+(-[\dA-Za-z.-]+)?(\+[\dA-Za-z.-]+)?$/, 'a version such as 1.2.0', 'no version')

/** Longer ones the kernel refuses: __NEW_UTS_LEN. */
const hostName = matching(/^.{0,64}$/s, 'at most 64 characters', 'too long')

const hooks = list(object({ path: absolute, args: texts, env: texts, timeout: whole(1, 2 ** 63) }, ['path']))
const elsewhere = object({})

const configRule: Rule = object(
  {
    ociVersion: version,
    process: processRule,
    root: object({ path: filled, readonly: boolean }, ['path']),
    hostname: hostName,
    domainname: hostName,
    mounts: mountsRule,
    hooks: object({
      prestart: hooks,
      createRuntime: hooks,
      createContainer: hooks,
      startContainer: hooks,
      poststart: hooks,
      poststop: hooks,
    }),
    annotations: map(text, filled),
    linux: linuxRule,
    // Other systems' parts say nothing to this one.
    ...{ windows: elsewhere, solaris: elsewhere, freebsd: elsewhere, zos: elsewhere, vm: elsewhere },
  },
  ['ociVersion', 'root'],
)

/** All that is wrong in a configuration, field by field; nothing of it has been touched yet. config.md, config-linux.md */
export function configProblems(json: unknown): Problem[] {
  const problems = problemsOf(json, configRule)
  const wrong = problems.map(({ path }) => path)
  const tell = telling(problems)
  for (const { reads, check } of CONFLICTS)
    if (!reads.some(field => wrong.some(path => within(path, field) || within(field, path))))
      check(json as RuntimeConfig, tell)
  return problems
}

/** The same for one process: that of `exec --process`. */
export function processProblems(json: unknown): Problem[] {
  return problemsOf(json, processRule)
}

/** A configuration in which nothing is wrong. Throws `CONFIG_INVALID`, naming every field that is. */
export function checkRuntimeConfig(json: unknown, where: string): RuntimeConfig {
  refuse(configProblems(json), where)
  return withDefaults(json as RuntimeConfig)
}

/** A process in which nothing is wrong. Throws `CONFIG_INVALID`, naming every field that is. */
export function checkProcess(json: unknown, where: string): RuntimeProcess {
  refuse(processProblems(json), where)
  return withUser(json as RuntimeProcess)
}

/** With what is left out for its default, or written as Go writes nothing; everything else stays as and where it is. */
function withDefaults(config: RuntimeConfig): RuntimeConfig {
  const whole = { ...config }
  if (whole.process) whole.process = withUser(whole.process)
  if (whole.linux?.namespaces?.some(({ path }) => path === ''))
    whole.linux = {
      ...whole.linux,
      namespaces: whole.linux.namespaces.map(({ path, ...namespace }) => (path ? { ...namespace, path } : namespace)),
    }
  return whole
}

function withUser(process: RuntimeProcess): RuntimeProcess {
  const user: Partial<RuntimeUser> = process.user ?? {}
  return { ...process, user: { ...user, uid: user.uid ?? 0, gid: user.gid ?? 0 } }
}

/** What `update` is given, with nothing wrong in it. Throws `CONFIG_INVALID`, naming every field that is. */
export function checkResources(json: unknown, where: string): Resources {
  refuse(problemsOf(json, resourcesRule), where)
  return json as Resources
}

/** As one line: `process.cwd: not absolute (want a path that begins with /, got "bin")`. */
export function describeProblem({ path, what, want, got }: Problem): string {
  return `${path && `${path}: `}${what} (want ${want}, got ${shown(got)})`
}

function problemsOf(json: unknown, rule: Rule): Problem[] {
  const problems: Problem[] = []
  rule(json, '', telling(problems))
  return problems
}

function telling(problems: Problem[]) {
  return (path: string, what: string, want: string, got: unknown) => void problems.push({ path, what, want, got })
}

function within(path: string, field: string): boolean {
  return field === '' || (path.startsWith(field) && /^($|[.[])/.test(path.slice(field.length)))
}

function refuse(problems: Problem[], where: string): void {
  const [first] = problems
  if (!first) return
  const lines = problems.map(describeProblem)
  const message =
    lines.length === 1 ? `${where}: ${lines[0]}` : `${where}: ${lines.length} fields are wrong: ${lines.join('; ')}`
  throw new OciError('CONFIG_INVALID', message, { where: first.path, want: first.want, got: first.got, problems })
}

function shown(got: unknown): string {
  if (got === undefined) return 'nothing'
  const text = typeof got === 'bigint' ? `${got}` : (JSON.stringify(got) ?? typeof got)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

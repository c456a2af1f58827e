/** What a token is good for: `repository:zengxu/oci-demo-app:pull,push`. distribution's scope.md. */
export interface Scope {
  /** `repository` or `registry` */
  type: string
  name: string
  actions: readonly string[]
}

export function writeScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(',')}`
}

/** The scopes of a parameter, which has spaces between them; what is no scope is left out. A name may have a port's colon in it. */
export function parseScopes(text: string): Scope[] {
  return text.split(' ').flatMap(scope => {
    const [, type, name, actions] = /^([a-z0-9]+)(?:\([^)]*\))?:(.+):([^:]*)$/.exec(scope) ?? []
    return type === undefined || name === undefined || actions === undefined
      ? []
      : [{ type, name, actions: actions.split(',').filter(action => action !== '') }]
  })
}

import { OciError } from '../errors.ts'

/** `docker://HOST/NAME` without the transport. Throws `UNSUPPORTED` for another one: this is about registries. */
export function bareReference(name: string): string {
  const transport = /^(oci|oci-archive|docker-archive|docker-daemon|dir):/.exec(name)?.[1]
  if (transport === undefined) return name.replace(/^docker:\/\//, '')
  throw new OciError('UNSUPPORTED', `${transport}: no registry (want docker)`, { want: 'docker', got: transport })
}

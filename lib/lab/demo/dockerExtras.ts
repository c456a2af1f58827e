import { processConfig } from '../../image/dockerConfig.ts'
import type { ProcessDefaults } from '../../spec/imageConfig.ts'

/** What `docker build` keeps in a config beside OCI's fields, and a conversion to OCI drops. */
export function dockerExtras(config: ProcessDefaults, lastInstruction: string): Record<string, unknown> {
  const container = processConfig(config)
  return {
    container_config: { ...container, Cmd: ['/bin/sh', '-c', `#(nop) ${lastInstruction}`] },
    docker_version: '19.03.8',
    config: container,
  }
}

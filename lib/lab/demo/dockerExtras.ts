import type { ProcessDefaults } from '../../spec/imageConfig.ts'

/** What `docker build` keeps in a config beside OCI's fields, and a conversion to OCI drops. */
export function dockerExtras(config: ProcessDefaults, lastInstruction: string): Record<string, unknown> {
  const container = {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: null,
    Image: '',
    Volumes: null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: null,
    Labels: null,
  }
  return {
    container_config: { ...container, Cmd: ['/bin/sh', '-c', `#(nop) ${lastInstruction}`] },
    docker_version: '19.03.8',
    config: container,
  }
}

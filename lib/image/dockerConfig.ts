import { goJson, sortedMap } from '../spec/goJson.ts'

type Json = Record<string, unknown>

// The fields of Docker's struct for a container's configuration, in its order; undefined: left out when empty.
const PROCESS: Json = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: undefined,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Healthcheck: undefined,
  ArgsEscaped: undefined,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  NetworkDisabled: undefined,
  MacAddress: undefined,
  OnBuild: null,
  Labels: null,
  StopSignal: undefined,
  StopTimeout: undefined,
  Shell: undefined,
}

const MAPS = ['ExposedPorts', 'Volumes', 'Labels']
const ZERO_TIME = '0001-01-01T00:00:00Z'

/**
 * A configuration as Docker holds it in memory, which legacy ids are made from: what OCI leaves out is there but empty,
 * what Docker's struct has no field for is gone.
 */
export function dockerConfig(rawConfig: Uint8Array): Uint8Array {
  const it = JSON.parse(new TextDecoder().decode(rawConfig)) as Json
  const { comment, created, container, container_config, docker_version, author, config, architecture, variant, os } =
    it
  const known = {
    comment: comment || undefined,
    created: created ?? ZERO_TIME,
    container: container || undefined,
    container_config: processConfig(container_config),
    docker_version: docker_version || undefined,
    author: author || undefined,
    config: config ? processConfig(config) : undefined,
    architecture: architecture || undefined,
    variant: variant || undefined,
    os: os || undefined,
  }
  return new TextEncoder().encode(goJson(known))
}

/** A container's configuration with every field Docker's struct has, in its order; what is not given is empty. */
export function processConfig(value: unknown = {}): Json {
  const given = (value ?? {}) as Json
  const fields = Object.entries(PROCESS).map(([key, empty]) => {
    const got = given[key] ?? empty
    return [key, MAPS.includes(key) && got ? sortedMap(got as Json) : got || empty]
  })
  return Object.fromEntries(fields)
}

import { type ContainerRecord, isSandbox } from './record.ts'
import { isUp, type Status, statusOf } from './status.ts'
import { containerPaths, type Home } from './store.ts'

/** A container as `docker inspect` shows one: the fields that are known here, in its words. */
export function inspectRecord(home: Home, record: ContainerRecord): object {
  const status = statusOf(home, record)
  const paths = containerPaths(home, record.id)
  const [path = '', ...args] = record.args
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: stateOf(status),
    Image: record.digest,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: paths.log,
    Name: `/${record.name}`,
    ...(record.pod && { Pod: record.pod.id, IsInfra: isSandbox(record) }),
    Config: {
      Hostname: record.hostname,
      Tty: record.terminal,
      OpenStdin: record.interactive,
      Cmd: record.args,
      Image: record.image,
      StopSignal: record.stopSignal,
    },
    HostConfig: { NetworkMode: record.networks[0], AutoRemove: record.remove },
    NetworkSettings: networkSettings(record, status),
  }
}

function stateOf({ status, pid, exitCode, error, startedAt, finishedAt }: Status) {
  return {
    Status: status,
    Running: isUp({ status }),
    Paused: status === 'paused',
    Pid: pid,
    ExitCode: exitCode,
    Error: error ?? '',
    StartedAt: startedAt ?? '0001-01-01T00:00:00Z',
    FinishedAt: finishedAt ?? '0001-01-01T00:00:00Z',
  }
}

function networkSettings({ wiring }: ContainerRecord, { pid }: Status) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { containerPort, protocol, hostIp, hostPort } of wiring?.published ?? []) {
    bindings[`${containerPort}/${protocol}`] ??= []
    bindings[`${containerPort}/${protocol}`]!.push({ HostIp: hostIp, HostPort: String(hostPort) })
  }
  const networks = (wiring?.endpoints ?? []).map(({ network, names, address, address6, gateway }) => [
    network,
    { Bridge: names.bridge, Gateway: gateway, IPAddress: address, GlobalIPv6Address: address6 ?? '' },
  ])
  return {
    SandboxKey: wiring?.netns ?? (pid > 0 ? `/proc/${pid}/ns/net` : ''),
    Ports: bindings,
    IPAddress: wiring?.endpoints[0]?.address ?? '',
    Networks: Object.fromEntries(networks),
  }
}

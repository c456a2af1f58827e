import { statusOf } from '../run/status.ts'
import type { Home } from '../run/store.ts'
import { type Pod, podState } from './pod.ts'

/** A pod as `podman pod inspect` shows one: the fields that are known here, in its words. */
export function inspectPod(home: Home, pod: Pod): object {
  const { sandbox, members, share } = pod
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { containerPort, protocol, hostIp, hostPorts } of sandbox.ports) {
    bindings[`${containerPort}/${protocol}`] ??= []
    bindings[`${containerPort}/${protocol}`]!.push({ HostIp: hostIp ?? '', HostPort: String(hostPorts[0]) })
  }
  const containers = [sandbox, ...members]
  return {
    Id: pod.id,
    Name: pod.name,
    Created: sandbox.created,
    ExitPolicy: 'continue',
    State: podState(home, pod),
    Hostname: sandbox.hostname,
    CreateInfra: true,
    InfraContainerID: sandbox.id,
    InfraConfig: {
      PortBindings: bindings,
      HostNetwork: sandbox.networks.includes('host'),
      Networks: sandbox.networks,
    },
    SharedNamespaces: share,
    NumContainers: containers.length,
    Containers: containers.map(record => ({
      Id: record.id,
      Name: record.name,
      State: statusOf(home, record).status,
    })),
  }
}

import { hierarchies } from './cgroup/hierarchy.ts'
import { CAPABILITIES } from './plan/capabilities.ts'
import { MEMORY_FLAGS, MEMORY_MODES } from './plan/execution.ts'
import { knownMountOptions } from './plan/mountOptions.ts'
import { NAMESPACES } from './plan/namespaces.ts'
import { knownActions, knownArchitectures, knownFlags, knownOperators } from './seccomp/names.ts'

/** features.md of the runtime-spec: what our own runtime knows, whether this machine has it or not. */
export function features() {
  const versions = new Set(hierarchies().map(({ version }) => version))
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: '1.3.0',
    hooks: ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
    mountOptions: knownMountOptions(),
    linux: {
      namespaces: Object.keys(NAMESPACES).sort(),
      capabilities: CAPABILITIES,
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
      seccomp: {
        enabled: true,
        actions: knownActions,
        operators: knownOperators,
        archs: knownArchitectures,
        knownFlags,
        supportedFlags: knownFlags,
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      memoryPolicy: { modes: MEMORY_MODES, flags: [...MEMORY_FLAGS.keys()] },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    annotations: { 'org.ocilab.cgroup-versions': [...versions].sort().join(',') },
  }
}

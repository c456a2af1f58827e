import { hierarchies } from '../../runtime/cgroup/hierarchy.ts'
import { CAPABILITIES } from '../../runtime/plan/capabilities.ts'
import { MEMORY_FLAGS, MEMORY_MODES } from '../../runtime/plan/execution.ts'
import { knownMountOptions } from '../../runtime/plan/mountOptions.ts'
import { NAMESPACES } from '../../runtime/plan/namespaces.ts'
import { knownActions, knownArchitectures, knownFlags, knownOperators } from '../../runtime/seccomp/names.ts'
import type { Command } from './global.ts'

/** features.md of the runtime-spec: what this runtime knows, whether this machine has it or not. */
export const command: Command = {
  flags: {},
  usage: '',
  operands: [0, 0],
  run() {
    const versions = new Set(hierarchies().map(({ version }) => version))
    const features = {
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
    process.stdout.write(`${JSON.stringify(features, null, 4)}\n`)
    return 0
  },
}

import type { RuntimeConfig } from '../runtimeConfig.ts'

const words = (text: string) => text.split(' ')
const hook = { path: '/bin/hook', args: ['hook', 'a'], env: ['A=b'], timeout: 5 }
const mapping = { containerID: 0, hostID: 100_000, size: 65_536 }
const throttle = [{ major: 8, minor: 0, rate: 1024 }]

/** A configuration in which every field of the spec's Linux part is there, and right. For tests; each call makes a new one. */
export function wholeConfig(): RuntimeConfig {
  return structuredClone<RuntimeConfig>({
    ociVersion: '1.2.0',
    process: {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 1, gid: 1, umask: 0o22, additionalGids: [5, 6] },
      args: ['sh', '-c', 'true'],
      env: ['PATH=/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: {
        bounding: words('CAP_KILL CAP_CHOWN'),
        effective: ['CAP_KILL'],
        inheritable: ['CAP_KILL'],
        permitted: ['CAP_KILL'],
        ambient: ['CAP_KILL'],
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 512 }],
      noNewPrivileges: true,
      apparmorProfile: 'profile',
      oomScoreAdj: 100,
      scheduler: { policy: 'SCHED_OTHER', nice: 5, priority: 0, flags: ['SCHED_FLAG_RESET_ON_FORK'], runtime: 0 },
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
      execCPUAffinity: { initial: '0', final: '0-1,3' },
      selinuxLabel: 'system_u:system_r:svirt_lxc_net_t:s0:c124,c675',
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'host',
    domainname: 'domain',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] },
      {
        ...{ destination: '/data', type: 'none', source: '/srv', options: ['rbind', 'idmap'] },
        ...{ uidMappings: [mapping], gidMappings: [mapping] },
      },
    ],
    hooks: {
      ...{ prestart: [hook], createRuntime: [hook], createContainer: [hook] },
      ...{ startContainer: [hook], poststart: [hook], poststop: [hook] },
    },
    annotations: { 'org.example.key': 'value' },
    linux: {
      namespaces: [
        ...(['pid', 'ipc', 'uts', 'mount', 'user', 'cgroup', 'time'] as const).map(type => ({ type })),
        { type: 'network', path: '/run/netns/x' },
      ],
      uidMappings: [mapping],
      gidMappings: [mapping],
      timeOffsets: { monotonic: { secs: 100, nanosecs: 5 }, boottime: { secs: -3 } },
      devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }],
      netDevices: { eth0: { name: 'container_eth0' } },
      cgroupsPath: '/ocilab/x',
      resources: {
        devices: [{ allow: false, type: 'c', major: 1, minor: 3, access: 'rwm' }],
        memory: {
          ...{ limit: 1 << 20, reservation: 1 << 19, swap: 1 << 21, kernel: -1, kernelTCP: -1, swappiness: 60 },
          ...{ disableOOMKiller: false, useHierarchy: false, checkBeforeUpdate: true },
        },
        cpu: {
          ...{ shares: 1024, quota: 100_000, burst: 1000, period: 100_000, realtimeRuntime: 950, realtimePeriod: 1000 },
          ...{ cpus: '0-1', mems: '0', idle: 0 },
        },
        pids: { limit: 100 },
        blockIO: {
          ...{ weight: 10, leafWeight: 10, weightDevice: [{ major: 8, minor: 0, weight: 500, leafWeight: 300 }] },
          ...{ throttleReadBpsDevice: throttle, throttleWriteBpsDevice: throttle },
          ...{ throttleReadIOPSDevice: throttle, throttleWriteIOPSDevice: throttle },
        },
        hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
        network: { classID: 1_048_577, priorities: [{ name: 'eth0', priority: 500 }] },
        rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10_000 } },
        unified: { 'memory.high': '1048576' },
      },
      sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.shmmax': '1', 'fs/mqueue/msg_max': '10' },
      seccomp: {
        defaultAction: 'SCMP_ACT_ERRNO',
        defaultErrnoRet: 38,
        architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
        flags: ['SECCOMP_FILTER_FLAG_LOG'],
        listenerPath: '/run/agent',
        listenerMetadata: 'x',
        syscalls: [
          {
            ...{ names: ['clone', 'read'], action: 'SCMP_ACT_ALLOW' },
            args: [{ index: 0, value: 2_114_060_288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
          },
          { names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
        ],
      },
      rootfsPropagation: 'slave',
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
      mountLabel: 'system_u:object_r:svirt_sandbox_file_t:s0:c715,c811',
      personality: { domain: 'LINUX', flags: [] },
      intelRdt: { closID: 'guaranteed', schemata: ['L3:0=7'], l3CacheSchema: 'L3:0=7f0', memBwSchema: 'MB:0=20' },
      memoryPolicy: { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] },
    },
  })
}

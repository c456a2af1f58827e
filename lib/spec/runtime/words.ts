/** The words of config.json that are the kernel's names. Where they have numbers, `lib/runtime` knows them. */

const prefixed = (prefix: string, words: string) => words.split(' ').map(word => prefix + word)

/** namespaces(7) */
export const NAMESPACE_TYPES = ['mount', 'pid', 'network', 'uts', 'ipc', 'user', 'cgroup', 'time']

/** setrlimit(2) */
export const RLIMITS = prefixed(
  'RLIMIT_',
  'CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME',
)

/** sched(7) */
export const SCHEDULER_POLICIES = prefixed('SCHED_', 'OTHER FIFO RR BATCH ISO IDLE DEADLINE')
export const SCHEDULER_FLAGS = prefixed(
  'SCHED_FLAG_',
  'RESET_ON_FORK RECLAIM DL_OVERRUN KEEP_POLICY KEEP_PARAMS UTIL_CLAMP_MIN UTIL_CLAMP_MAX',
)

/** ioprio_set(2) */
export const IO_CLASSES = prefixed('IOPRIO_CLASS_', 'RT BE IDLE')

/** set_mempolicy(2) */
export const MEMORY_MODES = prefixed(
  'MPOL_',
  'DEFAULT BIND INTERLEAVE WEIGHTED_INTERLEAVE PREFERRED PREFERRED_MANY LOCAL',
)
export const MEMORY_FLAGS = prefixed('MPOL_F_', 'NUMA_BALANCING RELATIVE_NODES STATIC_NODES')

/** mount_namespaces(7); those with an r hold for the mounts below, too. */
export const PROPAGATIONS = ['private', 'shared', 'slave', 'unbindable'].flatMap(word => [word, `r${word}`])

/** seccomp.h of libseccomp. config-linux.md § Seccomp */
export const SECCOMP_ACTIONS = prefixed('SCMP_ACT_', 'KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE ALLOW LOG NOTIFY')
export const SECCOMP_ARCHITECTURES = prefixed(
  'SCMP_ARCH_',
  `${'X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X'} ${'PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB'}`,
)
export const SECCOMP_OPERATORS = prefixed('SCMP_CMP_', 'NE LT LE EQ GE GT MASKED_EQ')
export const SECCOMP_FLAGS = prefixed('SECCOMP_FILTER_FLAG_', 'TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV')

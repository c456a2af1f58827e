/** The words of `linux.seccomp` and libseccomp's numbers for them (seccomp.h). config-linux.md § Seccomp. */

export type Words = Readonly<Record<string, number>>

/** SECCOMP_RET_* of linux/seccomp.h; the low 16 bits of an errno and of a trace are data. */
export const ACTIONS = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
} as const

/** AUDIT_ARCH_* of linux/audit.h, but for x32: the kernel says x86-64 there, and sets bit 30 of the system call's number. */
export const ARCHITECTURES = {
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X32: 0x4000003e,
  SCMP_ARCH_ARM: 0x40000028,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_MIPS: 0x00000008,
  SCMP_ARCH_MIPS64: 0x80000008,
  SCMP_ARCH_MIPS64N32: 0xa0000008,
  SCMP_ARCH_MIPSEL: 0x40000008,
  SCMP_ARCH_MIPSEL64: 0xc0000008,
  SCMP_ARCH_MIPSEL64N32: 0xe0000008,
  SCMP_ARCH_PPC: 0x00000014,
  SCMP_ARCH_PPC64: 0x80000015,
  SCMP_ARCH_PPC64LE: 0xc0000015,
  SCMP_ARCH_RISCV64: 0xc00000f3,
  SCMP_ARCH_S390: 0x00000016,
  SCMP_ARCH_S390X: 0x80000016,
  SCMP_ARCH_LOONGARCH64: 0xc0000102,
} as const

/** enum scmp_compare. */
export const OPERATORS = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
} as const

/** Of seccomp(2). TSYNC counts for nothing: the program in the container has one thread when the filter is set. */
export const FLAGS = {
  SECCOMP_FILTER_FLAG_TSYNC: 0,
  SECCOMP_FILTER_FLAG_LOG: 1 << 1,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 1 << 2,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 1 << 5,
} as const

/** The actions a config may name, sorted. features-linux.md § Seccomp. */
export const knownActions: readonly string[] = Object.keys(ACTIONS).sort()

/** The architectures a config may name, sorted. features-linux.md § Seccomp. */
export const knownArchitectures: readonly string[] = Object.keys(ARCHITECTURES).sort()

/** The comparisons a config may name, sorted. features-linux.md § Seccomp. */
export const knownOperators: readonly string[] = Object.keys(OPERATORS).sort()

/** The flags a config may name, sorted. features-linux.md § Seccomp. */
export const knownFlags: readonly string[] = Object.keys(FLAGS).sort()

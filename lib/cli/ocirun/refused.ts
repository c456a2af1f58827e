import { RuntimeError } from '../../errors.ts'
import type { FlagTable } from './flags.ts'
import type { Command } from './global.ts'

/** What criu does with the memory and the files of processes, in the container's own namespaces, is not for this runtime. */
function refusal(verb: string, flags: FlagTable): Command {
  return {
    flags,
    usage: '[command options] <container-id>',
    operands: [1, 1],
    run() {
      throw new RuntimeError('UNSUPPORTED', `${verb}: not supported: a container is not kept on disk and run again`, {
        where: verb,
      })
    },
  }
}

const BOTH: FlagTable = {
  'image-path': 'value',
  'work-path': 'value',
  'tcp-established': 'switch',
  'ext-unix-sk': 'switch',
  'shell-job': 'switch',
  'lazy-pages': 'switch',
  'file-locks': 'switch',
  'manage-cgroups-mode': 'value',
  'empty-ns': 'values',
  'auto-dedup': 'switch',
}

/** ≙ `runc checkpoint`, refused. */
export const checkpoint = refusal('checkpoint', {
  ...BOTH,
  'parent-path': 'value',
  'leave-running': 'switch',
  'status-fd': 'value',
  'page-server': 'value',
  'pre-dump': 'switch',
})

/** ≙ `runc restore`, refused. */
export const restore = refusal('restore', {
  ...BOTH,
  'console-socket': 'value',
  bundle: 'value',
  b: '=bundle',
  detach: 'switch',
  d: '=detach',
  'pid-file': 'value',
  'no-subreaper': 'switch',
  'no-pivot': 'switch',
  'lsm-profile': 'value',
  'lsm-mount-context': 'value',
})

import { OciError } from '../../errors.ts'

/** The well-known codes of SPEC.md § Error; 100 and above are a plugin's own, 999 is what the real ones use for all else. */
export type CniCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 11 | 50 | 51 | 999

/** What a plugin prints when it fails. */
export interface CniErrorReport {
  readonly cniVersion?: string
  readonly code: number
  readonly msg: string
  readonly details?: string
}

/** A failure in the words of the protocol: `data` has `cniCode`, `msg` and `details`. */
export function cniError(cniCode: CniCode, msg: string, details?: string, cause?: unknown): OciError {
  return new OciError('CNI_FAILED', sentenceOf({ code: cniCode, msg, details }), { cniCode, msg, details }, { cause })
}

/** The same for what a plugin reported: it is named, with what it was asked. */
export function pluginError(plugin: string, command: string, report: CniErrorReport): OciError {
  const { code, msg, details } = report
  return new OciError('CNI_FAILED', `${plugin} ${command}: ${sentenceOf(report)}`, {
    where: plugin,
    command,
    cniCode: code,
    msg,
    details,
  })
}

function sentenceOf({ code, msg, details }: CniErrorReport): string {
  return `${msg}${details ? `: ${details}` : ''} (CNI error ${code})`
}

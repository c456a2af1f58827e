import type { Digest } from '../../spec/digest.ts'
import type { CacheKey } from './cacheKey.ts'
import type { Instruction } from './dockerfile/instruction.ts'
import type { BuiltImage } from './imageState.ts'

/** What came of one instruction. */
export interface StepReport {
  readonly instruction: Instruction
  readonly key: CacheKey
  readonly digest: Digest
  readonly cached: boolean
  readonly below: BuiltImage
  readonly built: BuiltImage
}

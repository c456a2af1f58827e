import { writeTar } from '../../bytes/writeTar.ts'
import { imageFrom } from '../../image/build.ts'
import type { Image } from '../../image/image.ts'
import { pauseProgram } from '../../runtime/pause.ts'
import { hostPlatform } from '../../spec/platform.ts'

/** What a pod's sandbox is shown as. */
export const PAUSE = 'ocilab-pause'

/** The image of a sandbox: one file, that waits. ≙ registry.k8s.io/pause, localhost/podman-pause */
export function pauseImage(): Promise<Image> {
  const pause = { path: Buffer.from('pause'), type: 'file' as const, mode: 0o755, body: pauseProgram() }
  return imageFrom({
    ...hostPlatform(),
    config: { Entrypoint: ['/pause'], WorkingDir: '/' },
    layers: [{ tar: writeTar([pause]), compression: 'none' }],
  })
}

import { OciError } from '../../errors.ts'
import type { Image } from '../../image/image.ts'

/** What the article printed of zengxu/oci-demo-app:v0 in May 2020. */
export const ARTICLE = {
  reference: 'zengxu/oci-demo-app:v0',
  /** Of the OCI manifest that skopeo wrote then: 821 bytes. */
  ociManifest: 'sha256:d45802acb2a6c862e2d5576bd9bb90d7a2a57cfcbc160b81cf44322c8e20ab73',
  ociConfig: { digest: 'sha256:d4a44c93e6326fd854b559a254310ba3e8861e7e35d062607f0a32e7562e9deb', size: 2698 },
  dockerConfig: { digest: 'sha256:fa903e5799bb733ed874b5161bfaf6ec363b54ac9020541735305b5d515d6335', size: 3792 },
  layers: [
    { digest: 'sha256:e7c96db7181be991f19a9fb6975cdbbd73c65f4a2681348e63a141a2192a5f10', size: 2757034 },
    { digest: 'sha256:f910a506b6cb1dbec766725d70356f695ae2bf2bea6224dbe8c7c6ad4f3664a2', size: 238 },
    { digest: 'sha256:c2274a1a0e2786ee9101b08f76111f9ab8019e368dce1e325d3c284a0ca33397', size: 70732768 },
    { digest: 'sha256:e4d6c83503a9bf0b4922dd67e42b92eb8c3d5a59322585570c6c6f91b1cbd924', size: 14737188 },
  ],
} as const

/** Checks that an image is the article's: config and layers. Throws `DIGEST_INVALID`, naming the first that is not. */
export function checkHub({ manifest }: Image): void {
  const wanted: readonly { digest: string; size: number }[] = [ARTICLE.dockerConfig, ...ARTICLE.layers]
  for (const [index, got] of [manifest.config, ...manifest.layers].entries()) {
    const want = wanted[index]
    if (want?.digest === got.digest && want.size === got.size) continue
    const what = index === 0 ? 'config' : `layer ${index}`
    throw new OciError(
      'DIGEST_INVALID',
      `${ARTICLE.reference}: ${what} is not the article's (want ${want?.digest}, got ${got.digest})`,
      { want, got, where: what },
    )
  }
}

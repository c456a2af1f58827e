import { Command } from 'commander'
import type { Image } from '../image/image.ts'
import { type ImageFlags, withImageFlags } from './imageFlags.ts'
import { withImage } from './openImage.ts'
import { session } from './session.ts'

interface InspectFlags extends ImageFlags {
  raw?: boolean
  config?: boolean
}

export function command(): Command {
  return withImageFlags(new Command())
    .description('Shows what an image is made of, as skopeo inspect does: always JSON.')
    .argument('<source>', 'such as docker://localhost:5000/oci-demo-app:v0')
    .option('--raw', 'the manifest, byte for byte')
    .option('--config', 'the configuration')
    .action((source: string, flags: InspectFlags) =>
      session(flags, options =>
        withImage(source, flags, options, async image => void process.stdout.write(text(image, flags))),
      ),
    )
}

function text(image: Image, { raw, config }: InspectFlags): Uint8Array | string {
  if (raw) return image.raw(config ? 'config' : 'manifest')
  return `${JSON.stringify(config ? image.config : summary(image), null, 4)}\n`
}

/** The fields skopeo shows, in its order. */
function summary({ descriptor, config, layers }: Image) {
  return {
    Digest: descriptor.digest,
    RepoTags: [],
    Created: config.created,
    DockerVersion: '',
    Labels: config.config?.Labels ?? null,
    Architecture: config.architecture,
    Os: config.os,
    Layers: layers.map(layer => layer.descriptor.digest),
    LayersData: layers.map(({ descriptor, diffId }) => ({
      MIMEType: descriptor.mediaType,
      Digest: descriptor.digest,
      DiffID: diffId,
      Size: descriptor.size,
      Annotations: descriptor.annotations ?? null,
    })),
    Env: config.config?.Env ?? null,
  }
}

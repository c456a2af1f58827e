import { existsSync } from 'node:fs'

import { unpackBundle } from '../../bundle/unpackBundle.ts'
import type { Options } from '../../events.ts'
import { demoImage } from '../demo/demo.ts'
import type { Place } from './place.ts'

/** The demo image as a bundle in the lesson's folder; what is there already stays as the learner has changed it. */
export async function demoBundle(place: Place, { signal }: Options): Promise<void> {
  const path = place.path('bundle')
  if (existsSync(path)) return
  const { image } = await demoImage('tiny')
  await unpackBundle(image, path, { signal })
}

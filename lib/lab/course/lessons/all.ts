import type { Lesson } from '../lesson.ts'
import { startHere } from './00-start-here.ts'
import { dockerTaste } from './01-docker-taste.ts'
import { imageAnatomy } from './02-image-anatomy.ts'
import { ociLayout } from './03-oci-layout.ts'
import { registryApi } from './04-registry-api.ts'
import { manifests } from './05-manifest-v2s2-vs-oci.ts'
import { unpackToBundle } from './06-unpack-to-bundle.ts'
import { runcLesson } from './07-runc.ts'
import { vethBridgeNetns } from './08-veth-bridge-netns.ts'
import { podLesson } from './09-pod.ts'
import { cniLesson } from './10-cni.ts'
import { otherRuntimes } from './11-other-runtimes.ts'
import { capstone } from './90-capstone.ts'

/** The course, in order. */
export const lessons: readonly Lesson[] = [
  startHere,
  dockerTaste,
  imageAnatomy,
  ociLayout,
  registryApi,
  manifests,
  unpackToBundle,
  runcLesson,
  vethBridgeNetns,
  podLesson,
  cniLesson,
  otherRuntimes,
  capstone,
]

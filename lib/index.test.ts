import { expect, it } from 'vitest'
import * as ocilab from './index.ts'

// A name that goes from here goes from somebody's notebook: say so in the commit, and mean it.
it('the public names are these', () => {
  expect(Object.keys(ocilab).sort().join(' ')).toMatchInlineSnapshot(
    `"EMPTY_DESCRIPTOR KernelError OciError RegistryClient RegistryError RuntimeError UnpackError appendLayer applyPlan attach build chainIds collect commandLine comparison configProblems copy createNetwork decompressed defaultSpec deleteImage demoImage describeProblem describeStep digestOf discover dockerMediaType familiarReference fileBytes flatten goJson gzipped heldImage hostPlatform imageFrom initPlan inspect inspectAll isOciError lab labNames layerChanges layerExplorer leaks legacyLayers listTags login logout manifestGraph memoryBlobs mimeBundle networkPicture networkPlan ociMatchers ociMediaType ocirun openBundle openImage openJournal openNetwork parseDescriptor parseDigest parseDockerfile parseImageConfig parseIndex parseManifest parsePlatform parseReference parseTransport planPicture readTar recording replaying reset runtimeDriver runtimeSpecFor setConfig showExchange showReference startRegistry sync tarHeaderPicture toDocker toOci topology tour transcriptPicture undoPlan unpack unpackBundle validate verified writeFileAtomically writeImageConfig writeIndex writeManifest writeSpec writeTar"`,
  )
})

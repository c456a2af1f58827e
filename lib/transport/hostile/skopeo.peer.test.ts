import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { testFolder } from '../testImages.ts'
import { dockerArchiveCases, ociArchiveCases } from './testArchives.ts'
import type { Case, Expected } from './testCase.ts'
import { fileCases, indexCases } from './testIndexes.ts'
import { configCases, manifestCases } from './testManifests.ts'

// What we take skopeo takes, and what we refuse it refuses, but for what is written down here. In CI each seventh case;
// every one with OCILAB_SWEEP=1.
const SWEEP = process.env.OCILAB_SWEEP === '1'

const UNREAD = 'it never reads oci-layout; image-layout.md: MUST exist'
const FIRST_VALUE = 'Go’s decoder stops after the first value'
const SIZE = 'it does not hold a blob to the size its descriptor says; descriptor.md: MUST, against hash collisions'
const DOCUMENT = 'it does not look whether an index says it is one; CVE-2021-41190 came of that'
const COUNT = 'it does not compare layers with diff_ids when it copies'
const LENIENT = 'Go leaves at zero what is not there, and null is not there'

/** What skopeo 1.9.3 takes and we do not, and why. */
const TAKES: Record<string, string> = {
  'oci-layout missing': UNREAD,
  'oci-layout empty': UNREAD,
  'oci-layout null': UNREAD,
  'oci-layout a list': UNREAD,
  'oci-layout without a version': UNREAD,
  'oci-layout of another version': UNREAD,
  'oci-layout with a number': UNREAD,
  'oci-layout with a space too many': UNREAD,
  'oci-layout with a byte order mark': UNREAD,
  'oci-layout without an end': UNREAD,
  'oci-layout a folder': UNREAD,
  'oci-layout a fifo': UNREAD,
  'oci-layout a device': UNREAD,
  'oci-layout a link in a circle': UNREAD,
  'no oci-layout': UNREAD,
  'something after its end': FIRST_VALUE,
  'zeros after its end': FIRST_VALUE,
  'over 4 MiB': 'it has no limit for what is read whole: memory is what limits it',
  'no schemaVersion': DOCUMENT,
  'schemaVersion 3': DOCUMENT,
  'schemaVersion 1': DOCUMENT,
  'a manifest’s mediaType': DOCUMENT,
  'layers too': DOCUMENT,
  'another type than it was called': DOCUMENT,
  'a null among the manifests': LENIENT,
  'manifests in capitals': 'Go takes the names of fields in any case; JSON, and the image-spec, do not',
  'no size': SIZE,
  'a negative size': SIZE,
  'a size too small': SIZE,
  'a size too large': SIZE,
  'a layer of a negative size': SIZE,
  'a layer one byte too small': SIZE,
  'a layer one byte too large': SIZE,
  'one name for two': 'it takes the first of two, so that who adds one in front of it decides',
  'no config': LENIENT,
  'no layers': LENIENT,
  'layers null': LENIENT,
  'manifests: null': LENIENT,
  'configs: null': LENIENT,
  'layers twice': COUNT,
  'fewer layers than diff_ids': COUNT,
  'more layers than diff_ids': COUNT,
  'a config that is the layer': 'it does not read the config when it copies',
  'a subject that is a path': 'it knows no subject',
  'a layer twice, the later one wrong':
    'of two members it takes the first; who unpacks the archive, as docker load does, the later',
  'manifest.json twice, the later one wrong': 'the same',
  'no UTF-8': 'Go puts U+FFFD where bytes are none',
  'no rootfs': LENIENT,
  'rootfs null': LENIENT,
  'diff_ids null': LENIENT,
  'history with a null': LENIENT,
  'Env with a null': LENIENT,
  'rootfs of another type': 'it does not look; config.md: MUST be layers',
  'a diff_id that is a path': 'it does not look at diff_ids before it needs them',
  'a diff_id of another algorithm': 'the same',
  xz: 'it knows xz and bzip2; docker calls programs for them, and so does ocilab build',
  bzip2: 'it knows xz and bzip2; docker calls programs for them, and so does ocilab build',
}

/** What skopeo 1.9.3 refuses and we do not, and why. */
const REFUSES: Record<string, string> = {
  'a manifest called a picture': 'it passes over what is called neither manifest nor index; we look at what it is',
  'indexes in indexes, as many as are allowed': 'it takes one index; image-index.md allows any number',
  'a layer with addresses elsewhere': 'it asks the addresses that whoever wrote the manifest chose; we ask nobody',
  'a foreign layer with an address': 'the same: CVE-2020-15157 came of that',
  'a layer by fifteen links': 'it follows one link',
  'a layer twice, the later one right':
    'of two members it takes the first; who unpacks the archive, as docker load does, the later',
  'manifest.json twice, the later one right': 'the same',
  'created is no time': 'Go refuses it; it is there for people, and no reason not to run an image',
  'created before and after all times': 'the same',
  gzip: 'it says “unexpected EOF” of a short one that gunzip takes',
}

/** Where skopeo 1.9.3 waits, or reads, for ever. */
const WAITS = [
  'index.json a fifo',
  'the manifest a fifo',
  'the manifest a device',
  'the manifest a link to what never ends',
  'the config a fifo',
  'the layer a fifo',
  'the layer a device',
  'the layer a link to what never ends',
]

const folder = testFolder()
const home = join(folder, 'home')
const target = join(folder, 'target')
afterEach(() => {
  for (const it of [home, target]) rmSync(it, { recursive: true, force: true })
})

const copy = (source: string) => ['copy', source, `dir:${target}`]
const tables: [string, Case[], (source: string) => string[]][] = [
  ['the index of a layout', indexCases, copy],
  ['the files of a layout', fileCases, copy],
  ['manifests', manifestCases, copy],
  // A copy hands a config on without a look.
  ['configs', configCases, source => ['inspect', '--config', source]],
  ['docker archives', dockerArchiveCases, copy],
  ['OCI archives', ociArchiveCases, copy],
]

/** What a copy of ours makes of it. */
function taken(expected: Expected): boolean {
  return expected === 'whole' || (typeof expected === 'object' && !('blob' in expected))
}

describe.each(tables)('skopeo: %s', (table, cases, args) => {
  const some = cases.filter(({ name }, at) => SWEEP || (at % 7 === 0 && !WAITS.includes(name)))
  it.each(some)('$name', async ({ make, name, expected }) => {
    const isListed = (differences: object) => name in differences || `${table}: ${name}` in differences
    mkdirSync(home)
    const source = await make(home, join(folder, 'secret'))
    const { status } = spawnSync('timeout', ['5', 'skopeo', ...args(source)])
    if (table !== 'docker archives' && WAITS.includes(name)) expect(status).toBe(124)
    else if (isListed(TAKES) && !taken(expected)) expect(status).toBe(0)
    else if (isListed(REFUSES) && taken(expected)) expect(status).toBe(1)
    else expect(status).toBe(taken(expected) ? 0 : 1)
  })
})

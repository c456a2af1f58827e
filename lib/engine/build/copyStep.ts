import { fetchSources } from './addUrl.ts'
import type { Owner } from './changes.ts'
import { parseChmod, resolveChown } from './chown.ts'
import { absolutePath } from './configure.ts'
import { copyInto } from './copy.ts'
import { type FoundSources, findSources } from './copySources.ts'
import type { InstructionOf } from './dockerfile/instruction.ts'
import type { BuildConfig } from './imageState.ts'
import { asBytes } from './source.ts'
import { nop, type PlannedStep, type StageView, sourceOf } from './step.ts'

const ROOT: Owner = { uid: 0, gid: 0 }

/** COPY or ADD. What is to be copied is read here already: whether it was done before depends on it. Throws `COPY_FAILED`. */
export async function copyStep(it: InstructionOf<'COPY' | 'ADD'>, stage: StageView): Promise<PlannedStep> {
  const { setting, config, expand } = stage
  const found = await findWhat(it, stage)
  const requested = expand(it.destination)
  const chown = it.chown && expand(it.chown)
  const chmod = it.chmod && expand(it.chmod)
  const destination = absoluteDestination(requested, config)
  const mode = chmod ? parseChmod(chmod) : undefined
  return {
    done: { config },
    createdBy: nop(`${it.keyword} ${chown ? `--chown=${chown} ` : ''}${found.hash} in ${requested} `, config),
    inputs: { files: found.files, chmod, link: it.link, destination },
    make: {
      apart: it.link,
      async put(changes, tree) {
        // What comes from an image keeps its owners, what comes from the context is root's.
        const owner = chown ? await resolveChown(chown, tree, stage.built.layers) : it.from ? undefined : ROOT
        const { staging } = setting.store.blobs
        await copyInto(changes, found, { keyword: it.keyword, destination: asBytes(destination), owner, mode, staging })
      },
    },
  }
}

async function findWhat(it: InstructionOf<'COPY' | 'ADD'>, { setting, expand }: StageView): Promise<FoundSources> {
  const { keyword, exclude, parents } = it
  const from = it.from === undefined ? undefined : await setting.imageCalled(it.from)
  const source = from ? await sourceOf(from, setting.store) : setting.context
  const written = it.sources.map(expand)
  const asked = { checksum: it.checksum && expand(it.checksum), destination: it.destination }
  const fetched = keyword === 'ADD' ? await fetchSources(written, asked, setting) : undefined
  const files = it.files.map(({ name, content, expand: open }) => ({ name, content: open ? expand(content) : content }))
  return findSources(source, {
    keyword,
    sources: written.filter(word => !fetched?.has(word)),
    files,
    exclude,
    parents,
    fetched,
    signal: setting.signal,
  })
}

/** As docker keeps it: made absolute, and a slash at its end stays. */
function absoluteDestination(requested: string, config: BuildConfig): string {
  if (requested.startsWith('/')) return requested
  const path = absolutePath(requested, config)
  return requested.endsWith('/') && path !== '/' ? `${path}/` : path
}

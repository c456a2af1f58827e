import type { Route, RouteOf } from '../wire/route.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import { type Endpoint, send } from './exchange.ts'
import { listReferrers, listRepositories, listTags } from './lists.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { appendUpload, beginUpload, cancelUpload, finishUpload, uploadStatus } from './uploads.ts'

type Table = { [K in Route['kind']]: Partial<Record<string, Endpoint<RouteOf<K>>>> }

/** Every endpoint of the registry: what is asked for, and by which method. distribution-spec § Endpoints. */
export const endpoints: Table = {
  base: { GET: ping, HEAD: ping },
  manifest: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  blob: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  uploads: { POST: beginUpload },
  upload: { GET: uploadStatus, PATCH: appendUpload, PUT: finishUpload, DELETE: cancelUpload },
  tags: { GET: listTags, HEAD: listTags },
  referrers: { GET: listReferrers, HEAD: listReferrers },
  catalog: { GET: listRepositories, HEAD: listRepositories },
}

/** end-1 */
async function ping({ response }: Parameters<Endpoint<RouteOf<'base'>>>[0]): Promise<void> {
  send(response, 200, '{}')
}

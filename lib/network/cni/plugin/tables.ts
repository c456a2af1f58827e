import { deleteTable, tableNames } from '../../nft.ts'
import { tableOf, tablesOf } from './names.ts'
import { type Asked, validAttachments } from './request.ts'

/** Removes a network's tables that belong to no valid attachment. */
export async function clearTables(use: 'masq' | 'ports', { network, config }: Asked): Promise<void> {
  const valid = [...validAttachments(config)].map(key => {
    const [containerId = '', ifName = ''] = key.split('/')
    return tableOf(use, { network, containerId, ifName })
  })
  const ours = (await tableNames()).filter(name => name.startsWith(tablesOf(use, network)))
  for (const table of ours.filter(name => !valid.includes(name))) await deleteTable(table)
}

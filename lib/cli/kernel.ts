import { Command } from 'commander'
import * as ocilab from '../index.ts'
import { openCells } from '../lab/jupyter/cells.ts'
import { readConnection } from '../lab/jupyter/connection.ts'
import { serveKernel } from '../lab/jupyter/kernel.ts'
import { PACKAGE } from '../package.ts'

export function command(): Command {
  return new Command()
    .description('The Jupyter kernel: TypeScript cells with ocilab in them. JupyterLab starts it, not you.')
    .argument('<connection-file>', 'where the front end listens')
    .action(async (path: string) => {
      const connection = await readConnection(path)
      const cells = openCells(process.cwd(), PACKAGE, { ocilab })
      endWithParent()
      await serveKernel(connection, cells)
      cells.close()
      // A cell may have left a timer or a server behind: the notebook is closed, so they end too.
      process.exit()
    })
}

/** A front end that was killed said no shutdown: its kernel would wait for it for ever. */
function endWithParent(): void {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.exit(), 1000).unref()
}

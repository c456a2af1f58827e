import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import * as ocilab from '../index.ts'
import { openCells } from '../lab/jupyter/cells.ts'
import { readConnection } from '../lab/jupyter/connection.ts'
import { serveKernel } from '../lab/jupyter/kernel.ts'

// The package this file belongs to: the folder with package.json, one above lib/ or dist/.
const HOME = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export function command(): Command {
  return new Command()
    .description('The Jupyter kernel: TypeScript cells with ocilab in them. JupyterLab starts it, not you.')
    .argument('<connection-file>', 'where the front end listens')
    .action(async (path: string) => {
      const connection = await readConnection(path)
      const cells = openCells(process.cwd(), HOME, { ocilab })
      await serveKernel(connection, cells)
      cells.close()
      // A cell may have left a timer or a server behind: the notebook is closed, so they end too.
      process.exit()
    })
}

import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))

/**
 * Each operation of a container runtime is a process, and to find and load fifty modules takes as long as to make the
 * container: ocirun is put into a few files. What most verbs need is one of them, without comments and blanks, for what
 * is not in the cache of compiled code has to be read each time; the rest is loaded by the verb that needs it.
 */
// biome-ignore lint/style/noDefaultExport: rolldown wants its configuration so
export default {
  input: `${home}lib/cli/ocirun.ts`,
  platform: 'node',
  output: {
    dir: `${home}dist`,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'ocirun-[name].cjs',
    codeSplitting: { groups: [{ name: 'shared', minShareCount: 3 }] },
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  },
}

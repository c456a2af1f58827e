import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))

// Without comments and blanks, for what is not in the cache of compiled code has to be read each time.
const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } }
const bundle = (program, codeSplitting) => ({
  input: `${home}lib/cli/${program}.ts`,
  platform: 'node',
  // Found by what was started, each time: compilers, sockets and schemas are for few verbs, and not small.
  external: ['tslab', 'zeromq', 'markdown-it', /^ajv/],
  output: {
    dir: `${home}dist`,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: `${program}-[name].cjs`,
    codeSplitting,
    minify,
  },
})

/**
 * Each operation is a process, and to find and load fifty modules takes as long as to make a container: both programs
 * are put into a few files. Of ocirun, what most verbs need is one of them; the rest is loaded by the verb that needs it.
 */
// biome-ignore lint/style/noDefaultExport: rolldown wants its configuration so
export default [bundle('ocirun', { groups: [{ name: 'shared', minShareCount: 3 }] }), bundle('ocilab', true)]

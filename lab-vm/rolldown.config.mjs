import { fileURLToPath } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))

// Without comments and blanks, for what is not in the cache of compiled code has to be read each time.
const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } }

/** Commander can start a verb that is another program. None of ours is, and what starts programs takes 4 ms to load. */
const noOtherPrograms = {
  name: 'no-other-programs',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/commander/') ? '\0nothing' : undefined,
  load: id => (id === '\0nothing' ? 'export default {}' : undefined),
}

const bundle = (program, groups) => ({
  input: `${home}lib/cli/${program}.ts`,
  platform: 'node',
  // Found by what was started, each time: compilers, sockets and schemas are for few verbs, and not small.
  external: ['tslab', 'zeromq', 'markdown-it', /^ajv/],
  plugins: [noOtherPrograms],
  output: {
    // One character beyond ASCII makes V8 keep, hash and scan a whole file at two bytes a character.
    charset: 'ascii',
    dir: `${home}dist`,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: `${program}-[name].cjs`,
    codeSplitting: { groups },
    minify,
  },
})

// What every verb needs, what most that open an image need, and the rest of `build`, which is raced against docker's: to
// find and open twenty-five files takes 5 ms.
const ocilab = [
  {
    name: 'common',
    test: /lib.(errors|events|kernel|spec.digest|bytes.readIfThere|cli.(session|progress|report))[.]ts|commander/,
  },
  { name: 'images', test: /lib.(image.(open|tree)|transport.(blobDirectory|layoutIndex))[.]ts/ },
  { name: 'build', test: /lib.cli.build[.]ts/ },
]

// What reads the command line, and what most verbs need beside it.
const ocirun = [
  {
    name: 'main',
    test: /lib.(errors|cli.ocirun.(main|flags|global|log|verbs)|runtime.container.stateRoot)[.]ts/,
    priority: 1,
  },
  { name: 'shared', minShareCount: 3 },
]

/**
 * Each operation is a process, and to find and load fifty modules takes as long as to make a container: both programs
 * are put into a few files. Of ocirun, what most verbs need is one of them; the rest is loaded by the verb that needs it.
 */
// biome-ignore lint/style/noDefaultExport: rolldown wants its configuration so
export default [bundle('ocirun', ocirun), bundle('ocilab', ocilab)]

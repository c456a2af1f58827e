import type { Listed } from './suite.ts'

/** Every suite of `npm run bench`, in the order of the table. */
export const suites: readonly Listed[] = [
  { name: 'start-up', guarded: true, load: () => import('./startUp.ts') },
  {
    ...{ name: 'unpack', guarded: false, images: ['java-app', 'many-files', 'big-layer'] },
    load: () => import('./unpack.ts'),
  },
  {
    ...{ name: 'archive', guarded: false, images: ['java-app', 'many-files', 'big-layer'] },
    load: () => import('./archive.ts'),
  },
  { name: 'small', guarded: true, images: ['small'], load: () => import('./small.ts') },
  { name: 'build', guarded: false, load: () => import('./build.ts') },
  { name: 'registry', guarded: false, load: () => import('./registry.ts') },
  { name: 'copy', guarded: false, load: () => import('./copy.ts') },
  { name: 'runtime', guarded: true, load: () => import('./runtime.ts') },
  { name: 'network', guarded: true, load: () => import('./network.ts') },
]

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles
import type { BuildCase } from './testCase.ts'

const tree = { 'd/a': 'a', 'd/.hidden': 'h', 'd/e/b': 'b', 'd/empty': { folder: true }, f: 'f', g: 'g' } as const

/** COPY and ADD, with the traps of their destinations. */
export const copyCases: BuildCase[] = [
  { name: 'copy-file', dockerfile: 'FROM base:v1\nCOPY f /x\nCOPY f /y/\nCOPY f /z/deep/er', files: tree },
  {
    name: 'copy-file-relative',
    dockerfile: 'FROM base:v1\nWORKDIR /app\nCOPY f .\nCOPY g ./\nCOPY f sub/\nCOPY f sub2\nCOPY g sub',
    files: tree,
  },
  { name: 'copy-into-folder-without-slash', dockerfile: 'FROM base:v1\nCOPY f /data', files: tree },
  { name: 'copy-over-file', dockerfile: 'FROM base:v1\nCOPY f /data/file', files: tree },
  { name: 'copy-folder', dockerfile: 'FROM base:v1\nCOPY d /x\nCOPY d/ /y/\nCOPY ./d/. /z', files: tree },
  { name: 'copy-folder-over', dockerfile: 'FROM base:v1\nCOPY d /data\nCOPY d /', files: tree },
  { name: 'copy-all', dockerfile: 'FROM base:v1\nWORKDIR /all\nCOPY . .', files: tree },
  { name: 'copy-scratch', dockerfile: 'FROM scratch\nCOPY . /', files: tree },
  { name: 'copy-many', dockerfile: 'FROM base:v1\nCOPY f g d /x/\nCOPY ["f", "g", "/y/"]', files: tree },
  {
    name: 'copy-globs',
    dockerfile: 'FROM base:v1\nCOPY * /x/\nCOPY d/* /y/\nCOPY ?  /z/\nCOPY [f-g] /w/',
    files: tree,
  },
  { name: 'copy-glob-one', dockerfile: 'FROM base:v1\nCOPY f* /one', files: tree },
  {
    name: 'copy-escaped-glob',
    dockerfile: 'FROM base:v1\nCOPY a[[]b /x/\nCOPY ["a b", "/y/"]',
    files: { 'a[b': '1', 'a b': '2' },
  },
  { name: 'copy-empty-folder', dockerfile: 'FROM base:v1\nCOPY d/empty /x\nCOPY d/empty /data/', files: tree },
  {
    name: 'copy-through-symlink',
    dockerfile: 'FROM base:v1\nCOPY f /alias/\nCOPY g /alias\nCOPY f /absolute/x/y',
    files: tree,
  },
  { name: 'copy-folder-through-symlink', dockerfile: 'FROM base:v1\nCOPY d /alias\nCOPY d /data/up/z', files: tree },
  { name: 'copy-onto-symlinked-file', dockerfile: 'FROM base:v1\nCOPY f /filelink', files: tree },
  { name: 'copy-onto-dangling', dockerfile: 'FROM base:v1\nCOPY f /dangling', files: tree },
  {
    name: 'copy-folder-over-symlink',
    dockerfile: 'FROM base:v1\nCOPY r /',
    files: { 'r/alias/x': '1', 'r/filelink': 'not a link' },
  },
  {
    name: 'copy-symlinks',
    dockerfile: 'FROM base:v1\nCOPY s /x\nCOPY s/l /y\nCOPY s/dir /z',
    files: {
      's/t': 't',
      's/l': { link: 't' },
      's/broken': { link: '/none' },
      's/dir': { link: 'sub' },
      's/sub/u': 'u',
    },
  },
  {
    name: 'copy-hardlinks',
    dockerfile: 'FROM base:v1\nCOPY h /x',
    files: { 'h/a': 'same', 'h/b': { hardlink: 'h/a' }, 'h/c/d': { hardlink: 'h/a' } },
  },
  {
    name: 'copy-modes',
    dockerfile: 'FROM base:v1\nCOPY m /x\nCOPY m/suid /y',
    files: {
      'm/suid': { mode: 0o4755 },
      'm/sticky': { folder: true, mode: 0o1777 },
      'm/setgid': { folder: true, mode: 0o2750 },
      'm/none': { mode: 0o000 },
      'm/x': { mode: 0o700 },
    },
  },
  {
    name: 'copy-modes-over',
    dockerfile: 'FROM base:v1\nCOPY r /',
    files: { 'r/data': { folder: true, mode: 0o711 }, 'r/data/private': { folder: true, mode: 0o750 } },
  },
  { name: 'copy-fifo', dockerfile: 'FROM base:v1\nCOPY p /x', files: { 'p/fifo': { fifo: true } } },
  {
    name: 'copy-chown',
    dockerfile:
      'FROM base:v1\nCOPY --chown=5:6 f /x/y/\nCOPY --chown=ann d /z\nCOPY --chown=ann:staff d /data\nCOPY --chown=9 f /n',
    files: tree,
  },
  { name: 'copy-user-is-root', dockerfile: 'FROM base:v1\nUSER ann\nCOPY f /x', files: tree },
  { name: 'copy-same-twice', dockerfile: 'FROM base:v1\nCOPY f /x\nCOPY f /x', files: tree },
  {
    name: 'copy-names',
    dockerfile: 'FROM base:v1\nCOPY . /x/',
    files: {
      ünïcode: '1',
      'with space': '2',
      "quo'te": '3',
      '-dash': '4',
      [`long/${'n'.repeat(120)}/${'m'.repeat(120)}`]: '5',
    },
  },
  {
    name: 'copy-variables',
    dockerfile: 'FROM base:v1\nENV SRC=f DST=/x\nARG O=5\nCOPY --chown=$O $SRC ${DST}/',
    files: tree,
  },
  {
    name: 'ignore',
    dockerfile: 'FROM scratch\nCOPY . /',
    files: { ...tree, '.dockerignore': '# c\nd\n!d/e\nf\nDockerfile\n' },
  },
  {
    name: 'ignore-all-but',
    dockerfile: 'FROM scratch\nCOPY . /',
    files: { ...tree, '.dockerignore': '*\n!d/e/b\n!g' },
  },
  {
    name: 'ignore-deep',
    dockerfile: 'FROM scratch\nCOPY . /',
    files: { ...tree, 'x/y/z.log': '1', 'z.log': '2', '.dockerignore': '**/*.log\n.dockerignore' },
  },
  {
    name: 'ignore-folder-glob',
    dockerfile: 'FROM scratch\nCOPY * /x/',
    files: { ...tree, '.dockerignore': 'd/*\n!d/a' },
  },
  { name: 'add-file', dockerfile: 'FROM base:v1\nADD f /x\nADD d /y/\nADD --chown=3:4 f g /z/', files: tree },
]

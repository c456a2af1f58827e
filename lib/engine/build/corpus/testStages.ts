import type { BuildCase } from './testCase.ts'

/** Several stages, and copies between them. */
export const stageCases: BuildCase[] = [
  {
    name: 'stage-by-name',
    dockerfile:
      'FROM base:v1 AS One\nCOPY f /made/\nFROM scratch\nCOPY --from=one /made/f /\nCOPY --from=ONE /made /all',
    files: { f: 'f' },
  },
  {
    name: 'stage-by-index',
    dockerfile: 'FROM base:v1\nCOPY f /made\nFROM scratch\nCOPY --from=0 /made /',
    files: { f: 'f' },
  },
  { name: 'stage-from-stage', dockerfile: 'FROM base:v1 AS a\nENV A=1\nCMD ["a"]\nFROM a\nENV B=$A\nENTRYPOINT ["e"]' },
  { name: 'stage-target', target: 'a', dockerfile: 'FROM base:v1 AS a\nLABEL a=1\nFROM base:v1 AS b\nLABEL b=1' },
  {
    name: 'stage-from-image',
    dockerfile: 'FROM scratch\nCOPY --from=base:v1 /data /data\nCOPY --from=base:v1 /etc/passwd /real/* /x/',
  },
  {
    name: 'stage-owners',
    dockerfile:
      'FROM scratch\nCOPY --from=base:v1 /data /x\nCOPY --from=base:v1 --chown=8:9 /data /y\nCOPY --from=base:v1 /data/private /z',
  },
  {
    name: 'stage-symlinks',
    dockerfile:
      'FROM scratch\nCOPY --from=base:v1 /alias /a\nCOPY --from=base:v1 /filelink /b\nCOPY --from=base:v1 /absolute/inside /c\nCOPY --from=base:v1 /data /d',
  },
  { name: 'stage-globs', dockerfile: 'FROM scratch\nCOPY --from=base:v1 /data/f* /etc/g* /x/' },
  { name: 'stage-onbuild', dockerfile: 'FROM base:v1 AS a\nONBUILD LABEL t=1\nFROM a\nLABEL u=1' },
]

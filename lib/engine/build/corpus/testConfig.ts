// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles
import type { BuildCase } from './testCase.ts'

/** Instructions that change the configuration only. */
export const configCases: BuildCase[] = [
  { name: 'env', dockerfile: 'FROM base:v1\nENV A=1 B="x  y" C=a\\ b\nENV BASE=no D=\nENV E=$A$B F="$C" G=\'$A\'' },
  { name: 'env-old-form', dockerfile: 'FROM base:v1\nENV A one two  three\nENV B "quoted words"' },
  { name: 'env-same-instruction', dockerfile: 'FROM base:v1\nENV A=1\nENV A=2 B=$A' },
  { name: 'env-path', dockerfile: 'FROM base:v1\nENV PATH=/opt/bin:$PATH' },
  {
    name: 'env-modifiers',
    dockerfile: 'FROM base:v1\nENV A=a\nENV B=${A:-x} C=${N:-x} D=${A:+y} E=${N:+y} F=\\$A G="\\$A"',
  },
  { name: 'env-expanded-name', dockerfile: 'FROM base:v1\nENV N=NAME\nENV $N=value' },
  { name: 'arg', dockerfile: 'FROM base:v1\nARG A=1\nARG B\nARG C=$A\nENV X=$A Y=$B Z=$C', buildArgs: { B: 'given' } },
  { name: 'arg-env-wins', dockerfile: 'FROM base:v1\nARG A=arg\nENV A=env\nLABEL x=$A', buildArgs: { A: 'given' } },
  { name: 'arg-before-from', dockerfile: 'ARG V=v1\nARG NAME=base\nFROM $NAME:${V}\nLABEL v=$V\nARG V\nLABEL w=$V' },
  {
    name: 'arg-before-from-given',
    dockerfile: 'ARG V=nope\nFROM base:$V\nARG V=own\nLABEL w=$V',
    buildArgs: { V: 'v1' },
  },
  { name: 'arg-scoped', dockerfile: 'FROM base:v1 AS a\nARG A=1\nFROM base:v1\nLABEL a=x$A' },
  { name: 'arg-predefined', dockerfile: 'FROM base:v1\nLABEL p=$HTTP_PROXY', buildArgs: { HTTP_PROXY: 'http://p' } },
  {
    name: 'label',
    dockerfile: 'FROM base:v1\nLABEL base=no a.b/c="d e" "quoted key"=f g=\\"h\\"\nLABEL multi="a\\\nb"',
  },
  { name: 'label-flag', dockerfile: 'FROM base:v1\nLABEL a=1', labels: { flag: 'a $b', a: '2' } },
  { name: 'maintainer', dockerfile: 'FROM base:v1\nMAINTAINER Ann <ann@example.org>' },
  { name: 'expose', dockerfile: 'FROM base:v1\nEXPOSE 80 443/tcp 53/udp\nENV P="90 91"\nEXPOSE 8000-8002 $P 132/sctp' },
  { name: 'user', dockerfile: 'FROM base:v1\nENV U=ann\nUSER $U:staff' },
  { name: 'volume', dockerfile: 'FROM base:v1\nENV V=/v\nVOLUME $V /w\nVOLUME ["/a b", "/c"]' },
  { name: 'workdir', dockerfile: 'FROM base:v1\nENV D=sub\nWORKDIR /a\nWORKDIR b/$D\nWORKDIR ../c\nWORKDIR /' },
  { name: 'workdir-there', dockerfile: 'FROM base:v1\nWORKDIR /data\nWORKDIR /data/' },
  { name: 'workdir-symlink', dockerfile: 'FROM base:v1\nWORKDIR /alias/deep/er' },
  { name: 'workdir-scratch', dockerfile: 'FROM scratch\nWORKDIR app' },
  { name: 'workdir-user', dockerfile: 'FROM base:v1\nUSER ann\nWORKDIR /home/ann/work' },
  { name: 'cmd-exec', dockerfile: 'FROM base:v1\nCMD ["a", "b c", "\\"d\\"", "<&>"]' },
  { name: 'cmd-shell', dockerfile: 'FROM base:v1\nCMD echo "a  b" && exit' },
  { name: 'cmd-empty', dockerfile: 'FROM base:v1\nCMD []' },
  { name: 'cmd-bad-json', dockerfile: "FROM base:v1\nCMD ['a', 'b']" },
  { name: 'entrypoint-clears-cmd', dockerfile: 'FROM base:v1\nENTRYPOINT ["/e"]' },
  { name: 'entrypoint-keeps-own-cmd', dockerfile: 'FROM base:v1\nCMD ["c"]\nENTRYPOINT ["/e"]' },
  { name: 'entrypoint-shell-with-cmd', dockerfile: 'FROM base:v1\nENTRYPOINT run me\nCMD ["x"]' },
  { name: 'entrypoint-empty', dockerfile: 'FROM base:v1\nENTRYPOINT ["/e"]\nENTRYPOINT []' },
  {
    name: 'shell',
    dockerfile: 'FROM base:v1\nSHELL ["/bin/ash", "-e", "-c"]\nCMD a\nENTRYPOINT b\nENV A=1\nWORKDIR /z',
  },
  { name: 'stopsignal', dockerfile: 'FROM base:v1\nENV S=QUIT\nSTOPSIGNAL SIG$S\nSTOPSIGNAL 9' },
  {
    name: 'healthcheck',
    dockerfile:
      'FROM base:v1\nHEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2s --retries=3 CMD curl -f "x" || exit 1',
  },
  { name: 'healthcheck-exec', dockerfile: 'FROM base:v1\nHEALTHCHECK CMD ["a", "b"]\nHEALTHCHECK NONE' },
  { name: 'onbuild', dockerfile: 'FROM base:v1\nONBUILD RUN echo "hi"\nONBUILD  COPY . /x' },
  {
    name: 'onbuild-triggered',
    base: 'FROM base:v1\nONBUILD ENV A=1\nONBUILD COPY f /triggered/\nONBUILD WORKDIR /w',
    dockerfile: 'FROM BASE\nLABEL a=$A',
    files: { f: 'f' },
  },
  { name: 'only-from', dockerfile: 'FROM base:v1' },
  {
    name: 'case-and-comments',
    dockerfile: '# comment\n\nfrom base:v1\n  # indented\n\tenv a=1 \\\n# inside\n  b=2\n\n\nlabel c=d',
  },
  { name: 'escape-directive', dockerfile: '# escape=`\nFROM base:v1\nENV A=`\n1\nLABEL p=C:\\x q=`$A' },
  { name: 'platform', dockerfile: 'FROM --platform=linux/amd64 base:v1\nLABEL a=b' },
]

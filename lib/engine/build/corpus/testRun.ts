import type { BuildCase } from './testCase.ts'

/** RUN, and what it leaves in a layer. Each writes files with a time of its own, which is not compared. */
export const runCases: BuildCase[] = [
  { name: 'run-shell', dockerfile: 'FROM base:v1\nRUN echo "a  b" > /x && mkdir -p /d/e && echo $BASE > /d/e/f' },
  {
    name: 'run-exec',
    dockerfile: 'FROM base:v1\nRUN ["/bin/busybox", "touch", "/a b"]\nRUN ["sh", "-c", "echo $0 > /zero", "me"]',
  },
  { name: 'run-nothing', dockerfile: 'FROM base:v1\nRUN true\nRUN touch /tmp/x && rm /tmp/x' },
  {
    name: 'run-whiteouts',
    dockerfile: 'FROM base:v1\nRUN rm /data/file && rm -r /data/private && rm /alias\nRUN echo back > /data/file',
  },
  {
    name: 'run-replaces',
    dockerfile:
      'FROM base:v1\nRUN rm -r /real && echo file > /real && rm /filelink && mkdir /filelink && touch /filelink/in',
  },
  { name: 'run-opaque', dockerfile: 'FROM base:v1\nRUN rm -r /data && mkdir /data && echo new > /data/new' },
  { name: 'run-renames', dockerfile: 'FROM base:v1\nRUN mv /data /moved && mv /etc/group /etc/groups' },
  {
    name: 'run-modes',
    dockerfile:
      'FROM base:v1\nRUN chmod 4711 /data/file && chmod 1777 /real && chown ann:staff /real/inside && chmod 2755 /data',
  },
  {
    name: 'run-hardlinks',
    dockerfile: 'FROM base:v1\nRUN echo 1 > /one && ln /one /two && mkdir /z && ln /one /z/three',
  },
  { name: 'run-special', dockerfile: 'FROM base:v1\nRUN mkfifo /fifo && mknod /null c 1 3 && ln -s /nowhere /link' },
  {
    name: 'run-user',
    dockerfile: 'FROM base:v1\nWORKDIR /w\nRUN chown ann /w\nUSER ann\nRUN touch mine && id -u > id && pwd >> id',
  },
  {
    name: 'run-env',
    dockerfile: 'FROM base:v1\nENV A=1\nARG B=2\nARG C\nARG A=hidden\nRUN echo $A $B $C $HTTP_PROXY > /x',
    buildArgs: { C: '3', HTTP_PROXY: 'p' },
  },
  { name: 'run-shell-changed', dockerfile: 'FROM base:v1\nSHELL ["/bin/busybox", "ash", "-ec"]\nRUN echo $0 > /x' },
  { name: 'run-lines', dockerfile: 'FROM base:v1\nRUN echo a \\\n  # no\n  b > /x && \\\n  echo b\\\\ >> /x' },
  { name: 'run-etc', dockerfile: 'FROM base:v1\nRUN echo x > /etc/made && ls /proc/self > /dev/null' },
  {
    name: 'run-then-copy',
    dockerfile:
      'FROM base:v1\nRUN ln -s /real /sym && mkdir -m 700 /priv\nCOPY f /sym/\nCOPY f /priv/\nRUN cat /real/f > /again',
    files: { f: 'f' },
  },
  {
    name: 'run-stage',
    dockerfile:
      'FROM base:v1 AS b\nRUN mkdir /out && echo built > /out/app && chown 7:8 /out/app\nFROM base:v1\nCOPY --from=b /out/ /app/',
  },
  {
    name: 'run-onbuild',
    base: 'FROM base:v1\nONBUILD RUN echo $0 > /onbuild',
    dockerfile: 'FROM BASE\nRUN cat /onbuild > /after',
  },
  {
    name: 'run-healthcheck-volume',
    dockerfile: 'FROM base:v1\nVOLUME /vol\nRUN mkdir -p /vol && echo gone > /vol/x && echo kept > /x',
  },
]

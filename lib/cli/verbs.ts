import type { Command } from 'commander'

/** One verb of the program: its file is loaded only when it is called. */
export interface Verb {
  readonly name: string
  readonly group: 'image' | 'container' | 'network' | 'lab' | 'hidden'
  readonly summary: string
  load(): Promise<{ command: () => Command }>
}

export const verbs: readonly Verb[] = [
  image('build', 'make an image from a Dockerfile (docker build)', () => import('./build.ts')),
  image('copy', 'copy an image between any two places (skopeo copy)', () => import('./copy.ts')),
  image('pull', 'copy an image from a registry into an OCI layout', () => import('./pull.ts')),
  image('push', 'copy an image to a registry', () => import('./push.ts')),
  image('inspect', 'show what an image is made of (skopeo inspect)', () => import('./inspect.ts')),
  image('picture', 'draw what an image or a network is made of', () => import('./picture.ts')),
  image('tags', 'list the tags of a repository (skopeo list-tags)', () => import('./tags.ts')),
  image('sync', 'copy many images: repositories, or folders (skopeo sync)', () => import('./sync.ts')),
  image('delete', 'delete an image from a registry (skopeo delete)', () => import('./delete.ts')),
  image('attach', 'attach files to an image (oras attach)', () => import('./attach.ts')),
  image('discover', 'show what was attached to an image (oras discover)', () => import('./discover.ts')),
  image('login', 'keep a name and password for a registry (docker login)', () => import('./login.ts')),
  image('logout', 'forget them (docker logout)', () => import('./logout.ts')),
  image('save', 'write an image as docker archive (docker save)', () => import('./save.ts')),
  image('load', 'read a docker archive into an OCI layout (docker load)', () => import('./load.ts')),
  image('export', 'write the files of an image as one tar (docker export)', () => import('./export.ts')),
  image('append', 'put tars on top of an image as layers (crane append)', () => import('./append.ts')),
  image('mutate', 'change what an image runs, not its layers (crane mutate)', () => import('./mutate.ts')),
  image('rebase', 'put an image on another base (crane rebase)', () => import('./rebase.ts')),
  image('flatten', 'make one layer of all (crane flatten)', () => import('./flatten.ts')),
  image('repack', 'make a layer of what was changed in a bundle (umoci repack)', () => import('./repack.ts')),
  image('unpack', 'unpack an image into a folder or bundle (umoci unpack)', () => import('./unpack.ts')),
  image('registry', 'run a small registry on this machine', () => import('./registry.ts')),
  image('demo', "make the article's image: tiny or java", () => import('./demo.ts')),
  container('run', 'make a container of an image and run it (docker run)', () => import('./run.ts')),
  container('ps', 'list those containers (docker ps)', () => import('./ps.ts')),
  container('logs', 'show what one has said (docker logs)', () => import('./logs.ts')),
  container('exec', 'run one more program in one (docker exec)', () => import('./exec.ts')),
  container('stop', 'ask containers to end (docker stop)', () => import('./stop.ts')),
  container('start', 'start ended ones again (docker start)', () => import('./start.ts')),
  container('kill', 'send a signal to containers (docker kill)', () => import('./kill.ts')),
  container('wait', 'wait until containers have ended (docker wait)', () => import('./wait.ts')),
  container('rm', 'remove containers (docker rm)', () => import('./rm.ts')),
  container(
    'pod',
    'containers that share a network: create, ps, start, stop, rm (podman pod)',
    () => import('./pod.ts'),
  ),
  container('spec', 'write a runtime configuration (runc spec)', () => import('./spec.ts')),
  container('validate', 'name every wrong field of a bundle’s config.json', () => import('./validate.ts')),
  container('container', 'create, start, list, exec, kill, delete (runc)', () => import('./container.ts')),
  network('network', "the article's bridge and veth pair: plan, up, show, down", () => import('./network.ts')),
  network('cni', 'attach network namespaces by CNI plugins (cnitool)', () => import('./cni.ts')),
  { name: 'supervise', group: 'hidden', summary: 'stay with a container', load: () => import('./supervise.ts') },
  lab('tour', 'the whole article, live, every output checked', () => import('./tour.ts')),
  lab('vm', 'a root Linux machine to do it on: up, shell, lab, down', () => import('./vm.ts')),
  lab('pack', 'one archive to make such a machine from without a network', () => import('./pack.ts')),
  lab('leaks', 'what a lab has left on this machine', () => import('./leaks.ts')),
  lab('reset', 'take back everything a lab has left, or one step', () => import('./reset.ts')),
  lab('lab', 'open the course in JupyterLab', () => import('./lab.ts')),
  lab('lesson', 'the course in a terminal: list the lessons, begin one', () => import('./lesson.ts')),
  lab('check', 'look whether steps of the course are done', () => import('./check.ts')),
  lab('watch', 'look again and again, while you work', () => import('./watch.ts')),
  lab('hint', 'the next of three hints for a step, or its solution', () => import('./hint.ts')),
  lab('answer', 'answer a question of the course', () => import('./answer.ts')),
  lab('notebook', 'make the notebooks of the course, and run them', () => import('./notebook.ts')),
  lab('kernel', 'the Jupyter kernel of the notebooks; JupyterLab starts it', () => import('./kernel.ts')),
  lab('doctor', 'what this machine has, what it lacks, and how to get it', () => import('./doctor.ts')),
]

type Load = Verb['load']
function image(name: string, summary: string, load: Load): Verb {
  return { name, group: 'image', summary, load }
}
function container(name: string, summary: string, load: Load): Verb {
  return { name, group: 'container', summary, load }
}
function network(name: string, summary: string, load: Load): Verb {
  return { name, group: 'network', summary, load }
}
function lab(name: string, summary: string, load: Load): Verb {
  return { name, group: 'lab', summary, load }
}

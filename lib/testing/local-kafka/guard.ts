import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Shell script that ends processes when their owner is gone, however that ended: a Ctrl-C, a crash and a SIGKILL all
 * close the pipe that is read here. Each line is a pid; `$1` is a directory, which those processes have on their
 * command line, and which is removed at the end. A process that is being killed may still write to it, and loses its
 * command line before its files: it is gone when it has no state, or is a zombie without other threads (`l`).
 */
export const GUARD = `
directory=$1
pids=
killed=
while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do
  case $(ps -o args= -p "$pid") in *"$directory/"*) kill -KILL "$pid" && killed="$killed $pid" ;; esac
done
for pid in $killed; do
  while case $(ps -o stat= -p "$pid") in Z*l*) true ;; '' | Z*) false ;; *) true ;; esac; do sleep 0.05; done
done
rm -rf "$directory"
`

export interface Guard {
  /** Ends this process, too, when the owner is gone or stops the guard. */
  watch (child: ChildProcess): void
  /** Ends all processes that it watches, and removes the directory. Their ports are free then. May be called twice. */
  stop (): Promise<void>
}

/** Starts a guard of a directory. Neither the guard nor what it watches keeps this process alive. */
export function startGuard (directory: string): Guard {
  // Its own process group, so that a Ctrl-C in the terminal does not end it before it has done its work.
  const guard = spawn('sh', ['-c', GUARD, 'sh', directory], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
  const guardExit = exitOf(guard)
  const exits = new Map<ChildProcess, Promise<void>>()
  unref(guard, guard.stdin)

  return {
    watch (child) {
      unref(child, child.stdout, child.stderr)
      if (child.pid === undefined) return
      exits.set(child, exitOf(child))
      guard.stdin.write(`${child.pid}\n`)
    },
    async stop () {
      await Promise.all([...exits].map(async ([child, exit]) => {
        child.ref()
        child.kill('SIGKILL')
        await exit
      }))
      guard.ref()
      guard.stdin.end()
      await guardExit
    }
  }
}

function exitOf (process: ChildProcess): Promise<void> {
  return new Promise((resolve) => { process.once('exit', () => { resolve() }) })
}

function unref (...handles: ReadonlyArray<object | null>): void {
  for (const handle of handles) {
    if (handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
  }
}

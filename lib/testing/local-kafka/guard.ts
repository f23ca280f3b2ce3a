import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/**
 * Shell script that ends processes when their owner is gone, however that ended: a Ctrl-C, a crash and a SIGKILL all
 * close the pipe that is read here. Each line is a pid; `$1` is a directory, which those processes have on their
 * command line, and which is removed at the end. A process that is being killed may still write to it.
 */
export const GUARD = `
directory=$1
pids=
while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do
  case $(ps -o args= -p "$pid") in *"$directory/"*) kill -KILL "$pid" ;; esac
done
for pid in $pids; do
  while case $(ps -o args= -p "$pid") in *"$directory/"*) true ;; *) false ;; esac; do sleep 0.05; done
done
rm -rf "$directory"
`

export interface Guard {
  /** Ends this process, too, when the owner is gone or stops the guard. */
  watch (child: ChildProcess): void
  /** Ends all processes that it watches, and removes the directory. May be called twice. */
  stop (): Promise<void>
}

/** Starts a guard of a directory. Neither the guard nor what it watches keeps this process alive. */
export function startGuard (directory: string): Guard {
  // Its own process group, so that a Ctrl-C in the terminal does not end it before it has done its work.
  const guard = spawn('sh', ['-c', GUARD, 'sh', directory], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
  const ended = once(guard, 'exit')
  unref(guard, guard.stdin)

  return {
    watch (child) {
      unref(child, child.stdout, child.stderr)
      if (child.pid !== undefined) guard.stdin.write(`${child.pid}\n`)
    },
    async stop () {
      guard.ref()
      guard.stdin.end()
      await ended
    }
  }
}

function unref (...handles: ReadonlyArray<object | null>): void {
  for (const handle of handles) {
    if (handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref()
  }
}

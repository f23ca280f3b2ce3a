import { readdirSync, statSync, watch, type FSWatcher } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { systemClock } from '../clock.js'

/** ms; an editor writes a file in several steps. */
const QUIET = 100
/** Names of files whose change matters. */
const SOURCES = /\.([cm]?[jt]sx?|json)$/

/**
 * Calls `changed` when a source file changes below the folder of `file`, or below the current folder if that has the
 * file. Folders named node_modules, and those that begin with a dot, are left out. Returns what ends the watch.
 */
export function watchFiles (file: string, changed: () => void): () => void {
  const watchers = new Map<string, FSWatcher>()
  let cancel = ignore
  if (!relative(process.cwd(), file).startsWith('..')) addFolder(process.cwd())
  addFolder(dirname(file))

  function addFolder (folder: string): void {
    if (watchers.has(folder)) return
    try {
      watchers.set(folder, watch(folder, (_, name) => { notice(folder, String(name)) }).on('error', ignore))
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && isWatched(entry.name)) addFolder(join(folder, entry.name))
      }
    } catch {
      // It is gone already, as that of a tool that needed it for a moment.
      remove(folder)
    }
  }

  function remove (folder: string): void {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }

  function notice (folder: string, name: string): void {
    const path = join(folder, name)
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      if (isWatched(name)) addFolder(path)
    } else if (watchers.has(path)) remove(path)
    if (!SOURCES.test(name)) return
    cancel()
    cancel = systemClock.schedule(QUIET, changed)
  }

  return () => {
    cancel()
    for (const folder of [...watchers.keys()]) remove(folder)
  }
}

function ignore (): void {}

function isWatched (name: string): boolean {
  return name !== 'node_modules' && !name.startsWith('.')
}

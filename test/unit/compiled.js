import { join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The project. The compiled copy of this module finds it, too. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where `compile.js` writes the JavaScript of the tests and of what they import. */
export const COMPILED = join(ROOT, '.compiled')

/** The compiled copy of a source file: `.compiled/lib/log.js` of `lib/log.ts`. */
export function compiledOf (source) {
  return join(COMPILED, resolve(ROOT, source).slice(ROOT.length).replace(/\.ts$/, '.js'))
}

/** Whether a process runs a compiled test file: its first argument says so. */
export function runsCompiled (main = process.argv[1] ?? '') {
  return main.startsWith(COMPILED + sep)
}

/** The address of a source file. */
export const addressOf = (source) => pathToFileURL(resolve(ROOT, source)).href

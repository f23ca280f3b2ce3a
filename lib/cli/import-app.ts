import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { membersOf } from '../members.js'
import { UsageError } from './usage-error.js'

/**
 * Imports an app. Node, or what has started it, runs some TypeScript by itself; tsx, where the app has it, runs all of
 * it. `runsTypeScript`: this very module is TypeScript, so that what has started it runs that of the app, too.
 *
 * @throws UsageError
 */
export async function importApp (file: string, runsTypeScript = import.meta.url.endsWith('.ts')): Promise<object> {
  if (/\.[cm]?tsx?$/.test(file) && !runsTypeScript) await registerTsx(file)
  try {
    return await import(pathToFileURL(file).href) as object
  } catch (error) {
    const told = error instanceof SyntaxError ? syntaxError(file) : undefined
    throw told === undefined ? error : new UsageError(told, { cause: error })
  }
}

/** The syntax error of a file, with its line, which Node tells only where it ends the process. */
function syntaxError (file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  const [, place, message] = /^(.+:\d+)\n[^]*?^(SyntaxError: .*)$/m.exec(stderr) ?? []
  return place && `${place}: ${message}`
}

/**
 * Registers the tsx of the app for the whole process. Its `tsImport` would load this package a second time for the app,
 * and the second copy would not know that the app is only looked at.
 */
async function registerTsx (file: string): Promise<void> {
  let folder: string
  try {
    folder = dirname(createRequire(file).resolve('tsx/package.json'))
  } catch (cause) {
    throw new UsageError('the app is TypeScript: install tsx, or name its JavaScript', { cause })
  }
  for (const kind of ['cjs', 'esm']) {
    const api = pathToFileURL(join(folder, `dist/${kind}/api/index.mjs`)).href
    const { register } = membersOf(await import(api) as object)
    Reflect.apply(register as () => unknown, undefined, [])
  }
}

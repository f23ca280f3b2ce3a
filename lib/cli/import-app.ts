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
  const url = pathToFileURL(file).href
  if (!/\.[cm]?tsx?$/.test(file) || runsTypeScript) return await import(url) as object
  let tsx: string
  try {
    // The build for ESM: that for CommonJS finds none of its own files.
    tsx = join(dirname(createRequire(file).resolve('tsx/package.json')), 'dist/esm/api/index.mjs')
  } catch (cause) {
    throw new UsageError('the app is TypeScript: install tsx, or name its JavaScript', { cause })
  }
  const { tsImport } = membersOf(await import(pathToFileURL(tsx).href) as object)
  return await Reflect.apply(tsImport as () => Promise<object>, undefined, [url, import.meta.url])
}

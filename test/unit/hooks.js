import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compiledOf, ROOT } from './compiled.js'

/* Loader of TypeScript for the tests that need one, see `typescript.ts`. */

/** Finds the compiled copy of a source, and a program in TypeScript that has none. */
export async function resolve (specifier, context, nextResolve) {
  const url = URL.canParse(specifier, context.parentURL) ? new URL(specifier, context.parentURL) : undefined
  if (url?.protocol !== 'file:' || !/^(\.|file:)/.test(specifier)) return await nextResolve(specifier, context)
  const path = fileURLToPath(url)
  const source = existsSync(path) ? path : path.replace(/\.js$/, '.ts')
  if (!source.endsWith('.ts') || !source.startsWith(ROOT)) return await nextResolve(specifier, context)
  const compiled = compiledOf(source)
  return { url: pathToFileURL(existsSync(compiled) ? compiled : source).href, format: 'module', shortCircuit: true }
}

export async function load (url, context, nextLoad) {
  if (!url.endsWith('.ts')) return await nextLoad(url, context)
  const { strip } = await import('./strip.js')
  const path = fileURLToPath(url)
  return { format: 'module', source: strip(path, readFileSync(path, 'utf8')), shortCircuit: true }
}

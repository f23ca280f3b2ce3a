import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { compileFunction } from 'node:vm'
import type { KafkajsModules } from './kafkajs-modules.js'

/** Loads a file of the package by its path in it, such as `src/consumer/batch.js`. */
export type Load = <Path extends string>(path: Path) => ModuleAt<Path>

type ModuleAt<Path> = Path extends keyof KafkajsModules ? KafkajsModules[Path] : unknown

/** Runs the module that is replaced and gives its exports; `edit` may change its source text before. */
export type Original = (edit?: (source: string) => string) => unknown

/** Makes what stands in for a module of the package. */
export type Replacement = (load: Load, original: Original) => unknown

interface CommonModule {
  exports: unknown
}

const moduleParameters = ['exports', 'require', 'module', '__filename', '__dirname']

/**
 * The modules of an installed CommonJS package a second time: own cache, own `require`, some of them replaced.
 * Node's module cache plays no part, so the application's copy stays as it is, in either order of loading.
 * Replacing modules there instead fails as soon as the application has imported the package before us, and
 * putting them back afterwards fails because kafkajs also requires inside of functions.
 */
export function privateModules (root: string, replacements: ReadonlyMap<string, Replacement>): Load {
  const cache = new Map<string, CommonModule>()
  const loaded = new Map<string, CommonModule>()

  const load = ((path: string) => once(loaded, path, () => loadFile(join(root, path))).exports) as Load

  function loadFile (file: string): CommonModule {
    const cached = cache.get(file)
    if (cached !== undefined) return cached

    const path = relative(root, file).replaceAll(sep, '/')
    const replacement = replacements.get(path)
    // In the cache before it is run: the package's modules may require each other in a circle.
    const module: CommonModule = { exports: {} }
    cache.set(file, module)
    if (file.endsWith('.json')) module.exports = createRequire(file)(file)
    else if (replacement !== undefined) module.exports = replacement(load, (edit) => run(file, { exports: {} }, edit))
    else run(file, module)
    return module
  }

  function run (file: string, module: CommonModule, edit = (source: string) => source): unknown {
    const own = createRequire(file)
    // kafkajs requires two modules for each request that it sends, and to find them takes 12 µs.
    const required = new Map<string, CommonModule>()
    // The package has no dependencies: what is not of Node is its own.
    const require = (id: string) => once(required, id, () => (
      isBuiltin(id) ? { exports: own(id) } : loadFile(own.resolve(id)))).exports

    compileFunction(edit(readFileSync(file, 'utf8')), moduleParameters, { filename: file })
      .call(module.exports, module.exports, require, module, file, dirname(file))
    return module.exports
  }

  return load
}

/** A module that may be required in a circle: the map has it as soon as it is found, whatever its exports become. */
function once (known: Map<string, CommonModule>, id: string, find: () => CommonModule): CommonModule {
  let module = known.get(id)
  if (module === undefined) known.set(id, module = find())
  return module
}

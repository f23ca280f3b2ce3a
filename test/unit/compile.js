import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COMPILED, compiledOf, ROOT } from './compiled.js'

/* Compiles the tests and all that they import into `.compiled/`, once for all processes. */

const FOLDERS = ['lib', 'types', 'test', 'examples', 'bench', 'scripts', 'tools']
const HASHES = join(COMPILED, 'hashes.json')

/** Compiles what has changed since the last time, and removes what has no source any more. */
export async function compile () {
  const known = read(HASHES)
  const { version } = read(fileURLToPath(new URL('../package.json', import.meta.resolve('ts-blank-space'))))
  const rules = version + text('test/unit/strip.js')
  const hashes = {}
  for (const source of sources()) {
    const input = text(source)
    hashes[source] = createHash('sha256').update(rules).update(input).digest('base64')
    if (hashes[source] === known[source]) continue
    // It loads the compiler: only when there is something to do.
    const { strip } = await import('./strip.js')
    const path = compiledOf(source)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, strip(source, input))
  }
  for (const source of Object.keys(known)) if (!(source in hashes)) rmSync(compiledOf(source), { force: true })
  writeFileSync(HASHES, JSON.stringify(hashes))
}

function sources () {
  // The copy of `npm run test:oldest` has not all of them.
  const files = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) => {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`)
  })
  return ['index.ts', ...files].filter((file) => {
    return /\.[jt]s$/.test(file) && !/\.d\.ts$|\.test-d\.ts$|node_modules|\/static\//.test(file)
  })
}

function text (file) {
  return readFileSync(resolve(ROOT, file), 'utf8')
}

function read (file) {
  try {
    return JSON.parse(text(file))
  } catch {
    return {}
  }
}

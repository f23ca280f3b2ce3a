import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { COMPILED, compiledOf, ROOT } from './compiled.js'

/*
 * Puts test files together that one process runs one after the other. A process of its own costs a test file more CPU
 * than its tests: Node, tap and the plugin are loaded, and all functions are compiled again.
 */

/** tap runs files in the order of their names: what is alone in `test/` comes first, because some of it takes long. */
const FOLDER = join(COMPILED, 'together')
/** Where the compiled tests find tap, see `group.js`. */
const TAP = join(COMPILED, 'node_modules/tap')
/** Most files of a group. Each group loads the plugin: a second of CPU. Larger groups leave a core idle at the end. */
const SIZE = 24
/** Folders whose files have a process each: the command line marks its process, and the others take or wait long. */
const ALONE = /^test\/(cli|conformance|kafka|package|simulation)\//
/** What changes a process for good, or measures the whole of it. */
const CHANGES_PROCESS = /mockImport|unit\/typescript\.js|growthWhileReading/

/**
 * Writes the groups of test files, and returns what tap is to run: the files that are alone, and the groups. `seed`: of
 * the order in each group.
 */
export function groupsOf (files, seed) {
  writeTap()
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const alone = files.filter((file) => ALONE.test(file) || CHANGES_PROCESS.test(readFileSync(file, 'utf8')))
  const others = files.filter((file) => !alone.includes(file))
  const groups = ['client', 'documents', 'plugin'].flatMap((kind) => {
    return grouped(kind, others.filter((file) => kindOf(file) === kind), seed)
  })
  return [...alone.map(compiledOf), ...groups].map((file) => relative(ROOT, file))
}

/**
 * Coverage counts for the Kafka client or for the rest of `lib/`, see `coverage-map.js`: no group has files of both.
 * The schemas of AsyncAPI take seconds to compile: one process does it.
 */
function kindOf (file) {
  if (/^test\/transport\/kafka(js)?\//.test(file)) return 'client'
  return readFileSync(file, 'utf8').includes('asyncapi-rules') ? 'documents' : 'plugin'
}

function grouped (name, files, seed) {
  const count = Math.ceil(files.length / SIZE)
  // Neighbours in the list load the same modules.
  const groups = Array.from({ length: count }, (_, group) => files.slice(group * SIZE, (group + 1) * SIZE))
  return groups.map((members, index) => {
    if (members.length === 1) return compiledOf(members[0])
    const group = join(FOLDER, `${name}-${index + 1}.test.js`)
    const list = JSON.stringify(seed === undefined ? members : shuffled(members, seed), null, 2)
    writeFileSync(group, `import { runGroup } from '../../test/unit/group.js'\n\nawait runGroup(${list})\n`)
    return group
  })
}

/** Lets the compiled tests find tap in `group.js`. */
export function writeTap () {
  mkdirSync(TAP, { recursive: true })
  writeFileSync(join(TAP, 'package.json'), '{ "type": "module", "exports": "./index.js" }\n')
  writeFileSync(join(TAP, 'index.js'), "export { current as default } from '../../../test/unit/group.js'\n")
}

/** In an order of chance that the seed repeats. */
function shuffled (files, seed) {
  const chance = (file) => createHash('sha256').update(`${seed} ${file}`).digest('hex')
  return files.map((file) => ({ file, chance: chance(file) }))
    .sort((a, b) => a.chance < b.chance ? -1 : 1)
    .map(({ file }) => file)
}

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './mutations.js'

// npm run simulate:guards [-- --seeds 1000] [--only "words of a guard"]: takes each guard away in a copy of the
// sources, and shows how soon the simulation notices. Fails when it does not.

const { values: { seeds, only } } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, only: { type: 'string', default: '' } }
})
/** What the simulation needs of the project. */
const SOURCES = ['lib', 'types', 'test/simulation', 'test/chaos', 'test/support', 'package.json', 'tsconfig.json']

let missed = 0
for (const mutation of MUTATIONS.filter(({ guard }) => guard.includes(only))) {
  const { found, how } = tryOut(mutation)
  if (!found) missed++
  console.log(`| ${mutation.guard} | ${how} |`)
}
process.exitCode = missed > 0 ? 1 : 0

function tryOut (mutation: Mutation): { found: boolean, how: string } {
  const copy = mkdtempSync(join(tmpdir(), 'guards-'))
  try {
    for (const source of SOURCES) cpSync(source, join(copy, source), { recursive: true })
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
    for (const { file, from, to } of [mutation, mutation.also].filter((each) => each !== undefined)) {
      const source = readFileSync(join(copy, file), 'utf8')
      if (source.split(from).length !== 2) return { found: false, how: `its text is not in ${file} once` }
      writeFileSync(join(copy, file), source.replace(from, () => to))
    }
    const { stdout, status } = spawnSync(
      'npx',
      ['tsx', 'test/simulation/simulate.ts', '--seeds', seeds, '--until-wrong'],
      { cwd: copy, encoding: 'utf8', timeout: 3_600_000 }
    )
    const [first, second] = stdout.split('\n')
    return status === 1 && first?.startsWith('seed') === true
      ? {
          found: true, how: `${first}: ${second?.trim().slice(0, 100)}`
        }
      : { found: false, how: `not found in ${seeds} seeds` }
  } finally {
    rmSync(copy, { recursive: true })
  }
}

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

/** How many lines a source file of each folder may have. */
const LIMITS: Readonly<Record<string, number>> = {
  lib: 250,
  types: 400,
  test: 400,
  bench: 400,
  examples: 400,
  scripts: 400,
  tools: 400
}

function sourcesOf (folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`)
}

for (const [folder, limit] of Object.entries(LIMITS)) {
  t.test(`a file of ${folder}/ has at most ${limit} lines`, async (t) => {
    const files = sourcesOf(folder)
    t.ok(files.length > 0)
    const lines = (file: string): number => readFileSync(file, 'utf8').trimEnd().split('\n').length
    t.same(files.filter((file) => lines(file) > limit).map((file) => `${file}: ${lines(file)}`), [])
  })
}

import { readFileSync } from 'node:fs'

const LINES = readFileSync(new URL('../../docs/operations/runbook.md', import.meta.url), 'utf8').split('\n')
/** A word of a shell command, in quotes or without. */
const WORD = /"([^"]*)"|'([^']*)'|(\S+)/g

/** Every command of the command line in the runbook, in its order, with the heading above it. */
export const COMMANDS: ReadonlyArray<{ readonly heading: string, readonly argv: readonly string[] }> = commands()

function commands () {
  let heading = ''
  const found: Array<{ heading: string, argv: string[] }> = []
  for (const line of LINES) {
    if (line.startsWith('## ')) heading = line.slice(3)
    if (!line.startsWith('npx faststream ')) continue
    const words = [...line.matchAll(WORD)].map(([, double, single, bare]) => double ?? single ?? bare ?? '')
    found.push({ heading, argv: words.slice(2) })
  }
  return found
}

/**
 * The commands below a heading whose words begin with `verb`. `names`: what stands for a name of the document, such as
 * its topic, in a test.
 */
export function commandsOf (heading: string, verb: string, names: Readonly<Record<string, string>>): string[][] {
  const found = COMMANDS.filter((each) => each.heading === heading && each.argv.join(' ').startsWith(verb))
  if (found.length === 0) throw new Error(`the runbook has no '${verb}' below '${heading}'`)
  return found.map(({ argv }) => argv.map((word) => nameIn(word, names)))
}

function nameIn (word: string, names: Readonly<Record<string, string>>): string {
  if (names[word] !== undefined) return names[word]
  const [, topic, place] = /^([\w.]+)(:\d+:\d+)$/.exec(word) ?? []
  return topic !== undefined && names[topic] !== undefined ? `${names[topic]}${place}` : word
}

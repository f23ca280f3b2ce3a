import { FASTSTREAM_ERR_ASSERTION } from '../errors.js'

/** Lines of the text of a failed assertion. */
const MAX_LINES = 40
/** Characters of a line. */
const MAX_WIDTH = 160

/** A candidate of an assertion: what it is, and where it differs from what is expected. */
export interface Candidate {
  readonly title: string
  readonly differences: readonly string[]
}

/** The error of an assertion that failed, with a text of at most 40 lines. `cure`: its last line. */
export function assertionError (lines: readonly string[], cure?: string): Error {
  const end = cure === undefined ? [] : [cure]
  const room = MAX_LINES - end.length
  const shown = lines.length > room
    ? [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} lines more`]
    : lines
  return new FASTSTREAM_ERR_ASSERTION([...shown, ...end].map(bounded).join('\n'))
}

function bounded (line: string): string {
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH)}…` : line
}

/** Candidates, those with the fewest differences first, as far as the lines reach. */
export function candidateLines (candidates: readonly Candidate[], room = MAX_LINES - 5): string[] {
  const lines: string[] = []
  const nearest = [...candidates].sort((a, b) => a.differences.length - b.differences.length)
  for (const [index, { title, differences }] of nearest.entries()) {
    const added = [`  ${title}`, ...differences.map((difference) => `    ${difference}`)]
    if (lines.length > 0 && lines.length + added.length > room) {
      return [...lines, `  … and ${nearest.length - index} more`]
    }
    lines.push(...added.slice(0, room))
  }
  return lines
}

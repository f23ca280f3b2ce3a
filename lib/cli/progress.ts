import type { Call } from './command.js'

/** Characters of a bar. */
const WIDTH = 30

/** Progress of long work. */
export interface Progress {
  /** Shows a text, behind a bar where `part`, 0 to 1, is known. */
  show (text: string, part?: number): void
  /** Removes it, so that the result stands alone. */
  end (): void
}

/** One line that changes, where the output is a terminal for people; else nothing. */
export function progressOf ({ out, values }: Pick<Call, 'out' | 'values'>): Progress {
  if (out.isTTY !== true || values.json === true) return { show: () => {}, end: () => {} }
  return {
    show (text, part) {
      const filled = Math.round((part ?? 0) * WIDTH)
      const bar = `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${Math.floor((part ?? 0) * 100)}% `
      out.write(`\r\x1b[K${part === undefined ? '' : bar}${text}`)
    },
    end () { out.write('\r\x1b[K') }
  }
}

import '../unit/typescript.js'
import { run } from '../../lib/cli/run.js'

/** Runs one command of the command line; `onText` sees each text that it writes. */
export async function faststreamWith (signal: AbortSignal, onText: (text: string) => void, ...argv: string[]) {
  const texts = { out: '', err: '' }
  const out = (text: string) => {
    texts.out += text
    onText(text)
  }
  const code = await run(argv, { write: out }, { write: (text) => { texts.err += text } }, signal)
  return { code, ...texts, json: () => JSON.parse(texts.out) as Record<string, unknown> }
}

export async function faststream (...argv: string[]) {
  return await faststreamWith(new AbortController().signal, () => {}, ...argv)
}

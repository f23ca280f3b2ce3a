import t from 'tap'
import { progressOf } from '../../lib/cli/progress.js'

t.test('a terminal for people shows progress, with a bar where the end is known', async (t) => {
  let text = ''
  const out = { isTTY: true, write: (more: string) => { text += more } }
  const progress = progressOf({ out, values: {} })
  progress.show('7 looked at')
  progress.show('8 replayed', 0.5)
  progress.end()
  t.equal(text, `\r\x1b[K7 looked at\r\x1b[K[${'#'.repeat(15)}${'.'.repeat(15)}] 50% 8 replayed\r\x1b[K`)
})

t.test('a file, and a program that reads JSON, see none', async (t) => {
  let text = ''
  const write = (more: string): void => { text += more }
  for (const call of [{ out: { write }, values: {} }, { out: { isTTY: true, write }, values: { json: true } }]) {
    const progress = progressOf(call)
    progress.show('7 looked at')
    progress.end()
  }
  t.equal(text, '')
})

import t from 'tap'
import { strip } from './strip.js'

t.test('every character stays where it is, and the file says which source it is', async (t) => {
  const text = 'export function half (size: number): number {\n  const parts = 2 as const\n  return size / parts\n}\n'
  const code = strip('lib/half.ts', text)
  t.notMatch(code, /: number|as const/)
  for (const part of ['(size', 'const parts', 'return', '}\n']) t.equal(code.indexOf(part), text.indexOf(part), part)
  t.match(code, /\n\/\/# sourceURL=file:\/\/\/.*\/lib\/half\.ts\n$/)
})

t.test('a module finds its neighbours where the source is, by names as long as before', async (t) => {
  const meta = ['import', 'meta'].join('.')
  for (const [name, place] of Object.entries({
    url: import.meta.url, dirname: import.meta.dirname, filename: import.meta.filename
  })) {
    const text = `export const place: string = ${meta}.${name}`
    const code = strip('test/unit/strip.test.ts', text)
    t.equal(code.indexOf('()') + 2, text.length)
    t.match(strip('test/a.ts', `// ${meta}.${name}\nconst text = '${meta}.${name}'`), /import.*import/s, 'but no text')
    t.equal(((await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { place: string }).place, place)
  }
})

t.test('syntax that is more than a type is refused with its place', async (t) => {
  t.throws(() => strip('lib/colour.ts', 'const a = 1\nenum Colour { red }\n'), /^lib\/colour\.ts:2 has syntax/)
})

import { dirname, resolve } from 'node:path'
import blankSpace from 'ts-blank-space'
import ts from 'typescript'
import { addressOf, ROOT } from './compiled.js'

/*
 * JavaScript of a source file, with every character where it is in the source: each type is replaced by blanks, and the
 * place of the source is written behind the code. So V8 counts what it runs for the source itself, and coverage and
 * stack traces need no source map.
 */

/**
 * Removes the types of a source file.
 *
 * @throws {Error} when the file has syntax that is more than a type, as `enum` has
 */
export function strip (source, text) {
  const code = source.endsWith('.ts') ? javascript(source, text) : text
  // The modules find their neighbours where the source is. Each name is as long as what it stands for.
  const places = { url: addressOf(source), dirname: dirname(resolve(ROOT, source)), filename: resolve(ROOT, source) }
  let end = `\n//# sourceURL=${places.url}\n`
  const placed = code.replace(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, name) => {
    const place = `function __source__${name}() { return ${JSON.stringify(places[name])} }`
    if (!end.includes(place)) end = `\n${place}${end}`
    return `__source__${name}()`
  })
  return placed + end
}

function javascript (source, text) {
  const code = blankSpace(text, (node) => refuse(source, text, node))
  // Node.js 20 does not know `using`. Without it the characters move, which is all right where none are counted.
  if (source.startsWith('lib/') || !/^\s*(await )?using \w/m.test(code)) return code
  const { ES2022 } = ts.ScriptTarget
  return ts.transpileModule(code, { compilerOptions: { target: ES2022, module: ts.ModuleKind.ES2022 } }).outputText
}

function refuse (source, text, node) {
  const start = node.pos + text.slice(node.pos).search(/\S/)
  const line = text.slice(0, start).split('\n').length
  throw new Error(`${source}:${line} has syntax that cannot be removed: ${text.slice(start).split('\n', 1)}`)
}

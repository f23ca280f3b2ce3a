import { dirname, resolve } from 'node:path'
import { blankSourceFile } from 'ts-blank-space'
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
  const { ES2022, ESNext } = ts.ScriptTarget
  const file = ts.createSourceFile(source, text, ESNext)
  const isTyped = source.endsWith('.ts')
  let code = isTyped ? blankSourceFile(file, (node) => refuse(source, text, node)) : text
  // A module finds its neighbours where the source is. Each name is as long as what it stands for.
  const places = { url: addressOf(source), dirname: dirname(resolve(ROOT, source)), filename: resolve(ROOT, source) }
  const found = new Set()
  for (const { name, end } of metaProperties(file)) {
    const call = `__source__${name}()`
    code = code.slice(0, end - call.length) + call + code.slice(end)
    found.add(name)
  }
  // Node.js 20 does not know `using`. Without it the characters move, which is all right where none are counted.
  if (isTyped && !source.startsWith('lib/') && /^\s*(await )?using \w/m.test(code)) {
    const compilerOptions = { target: ES2022, module: ts.ModuleKind.ES2022 }
    code = ts.transpileModule(code, { compilerOptions }).outputText
  }
  const functions = [...found].map((name) => {
    return `function __source__${name}() { return ${JSON.stringify(places[name])} }\n`
  })
  return `${code}\n${functions.join('')}//# sourceURL=${places.url}\n`
}

/** Where the file has `import.meta.url` and the like: not in a text or a comment. */
function metaProperties (file) {
  const found = []
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression)) {
      const { text } = node.name
      if (['url', 'dirname', 'filename'].includes(text)) found.push({ name: text, end: node.end })
    }
    ts.forEachChild(node, visit)
  }
  if (file.text.includes('import.meta.')) visit(file)
  return found
}

function refuse (source, text, node) {
  const start = node.pos + text.slice(node.pos).search(/\S/)
  const line = text.slice(0, start).split('\n').length
  throw new Error(`${source}:${line} has syntax that cannot be removed: ${text.slice(start).split('\n', 1)}`)
}

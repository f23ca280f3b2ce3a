import t from 'tap'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { blocksOf, PAGES, type Block } from './pages.js'
import { run } from './prelude.js'
import '../unit/typescript.js'

// Each block of TypeScript is checked by the compiler and run, against the built package, which it finds by its name.
// A block with the name of a file is a program; any other is a part of one and runs in an app of its own (see
// prelude.ts).
const folder = mkdtempSync('.readme-docs-')
t.teardown(() => { rmSync(folder, { recursive: true }) })

const blocks = [...PAGES.keys()].flatMap(blocksOf).filter(({ language }) => language === 'ts')
const app = blocks.find(({ page, file }) => page === 'README.md' && file === 'app.ts') as Block
for (const block of blocks) {
  mkdirSync(join(folder, block.page), { recursive: true })
  // The program of the README is there for all pages.
  writeFileSync(join(folder, block.page, 'app.ts'), app.code)
}
// A part of a program may make an app of its own, which is to be made ready.
const handOver = 'Object.assign(globalThis, { app })\nexport {}\n'
for (const block of blocks) writeFileSync(pathOf(block), block.file === undefined ? block.code + handOver : block.code)

t.test('every block of TypeScript passes the compiler', async (t) => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, '.')
  // What a block adds to `Topics` counts in its whole program.
  const alone = blocks.filter(({ code }) => code.includes('interface Topics'))
  const together = blocks.filter((block) => !alone.includes(block))
  let program: ts.Program | undefined
  const found = [together, ...alone.map((block) => [block])].flatMap((blocks) => {
    // What the last program has read is not read again.
    program = ts.createProgram([...blocks.map(pathOf), 'test/docs/prelude.ts'], options, undefined, program)
    return ts.getPreEmitDiagnostics(program)
  })
  const faults = found.map(({ file, start = 0, messageText }) => {
    const { line = 0 } = file?.getLineAndCharacterOfPosition(start) ?? {}
    const block = blocks.find((block) => resolve(pathOf(block)) === resolve(file?.fileName ?? ''))
    const place = block === undefined ? file?.fileName : `${block.page}:${block.line + 1 + line}`
    return `${place} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
  t.same(faults, [])
})

for (const block of blocks.filter(({ file }) => file === undefined)) {
  t.test(`the block at ${block.page}:${block.line} runs in an app`, async () => {
    await run(block.code, async () => { await import(pathToFileURL(resolve(pathOf(block))).href) })
  })
}

for (const block of blocks.filter((block) => block.file !== undefined && block !== app)) {
  t.test(`the program ${block.file} of ${block.page} runs`, async (t) => {
    const program = ['--import', 'tsx', pathOf(block)]
    const { stdout } = await promisify(execFile)(process.execPath, program)
    if (block.file?.endsWith('.test.ts')) t.match(stdout, /^ok 1 - /m)
    t.notMatch(stdout, /not ok/)
  })
}

function pathOf ({ page, line, file }: Block): string {
  return join(folder, page, file ?? `line-${line}.ts`)
}

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

// The page of lib/asyncapi/page/ becomes files that a browser takes as they are: beside its modules, where tests look
// for them, and in dist/.

const from = 'lib/asyncapi/page'
const to = 'lib/asyncapi/site/static'

const { outputFiles, metafile } = await build({
  entryPoints: [{ in: `${from}/main.ts`, out: 'page' }, { in: `${from}/page.css`, out: 'page' }],
  outdir: to,
  bundle: true,
  minify: true,
  format: 'iife',
  // What is made for browsers decodes entities by innerHTML.
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: ['chrome123', 'firefox120', 'safari17.5'],
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  write: false
})

mkdirSync(to, { recursive: true })
for (const { path, contents } of outputFiles) write(path.slice(path.lastIndexOf('/') + 1), contents)
write('favicon.svg', readFileSync(`${from}/favicon.svg`))
writeFileSync(`${to}/LICENSES.txt`, licences())
cpSync(to, `dist/${to}`, { recursive: true })

function write (name: string, contents: Uint8Array): void {
  writeFileSync(`${to}/${name}`, contents)
  writeFileSync(`${to}/${name}.br`, brotliCompressSync(contents))
  writeFileSync(`${to}/${name}.gz`, gzipSync(contents, { level: 9 }))
}

/** Of what is in the bundle, as they ask for it. */
function licences (): string {
  const packages = new Set(Object.keys(metafile.inputs).flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
  ))
  return [...packages].sort().map((folder) => {
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
    if (file === undefined) throw new Error(`${folder} has no licence`)
    return `${folder.replace('node_modules/', '')}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`
  }).join('\n---\n\n')
}

import { build, type Metafile } from 'esbuild'
import t from 'tap'

/** Files that an import of the test kit loads at once, as far as they are ours. */
function filesLoadedAtOnce ({ outputs }: Metafile): readonly string[] {
  const loaded = new Set<string>()
  const load = (chunk: string): void => {
    const output = outputs[chunk]
    if (output === undefined || loaded.has(chunk)) return
    loaded.add(chunk)
    for (const { path, kind } of output.imports) if (kind === 'import-statement') load(path)
  }
  for (const [chunk, { entryPoint }] of Object.entries(outputs)) if (entryPoint === 'lib/testing/index.ts') load(chunk)
  return [...loaded].flatMap((chunk) => Object.keys(outputs[chunk]?.inputs ?? {}))
}

t.test('a local Kafka is loaded when a test starts one, and not before', async (t) => {
  const { metafile } = await build({
    entryPoints: ['lib/testing/index.ts'],
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'out',
    logLevel: 'silent'
  })
  const files = filesLoadedAtOnce(metafile)
  t.ok(files.includes('lib/testing/test-broker.ts'))
  t.same(files.filter((file) => file.startsWith('lib/testing/local-kafka/')), [])
  t.ok(Object.values(metafile.outputs).some(({ inputs }) => 'lib/testing/local-kafka/start.ts' in inputs))
})

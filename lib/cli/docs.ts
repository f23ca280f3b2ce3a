import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { AsyncapiDocument } from '../../types/index.js'
import { serveDocument } from '../asyncapi/site/document-server.js'
import { reasonOf } from '../to-error.js'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { fileOf } from './find-app.js'
import { loadApp } from './load-app.js'
import { LISTENING, LISTENING_HELP, placeOf } from './run-app.js'
import { listenUntilEnded } from './serve-app.js'
import { supervise } from './supervise.js'
import { UsageError } from './usage-error.js'

export const docsBuild: Command = {
  usage: 'faststream docs build [app] [--yaml] [--out asyncapi.json] [-- options of the app]',
  help: `Writes the AsyncAPI document of an app. No cluster is contacted.

  --yaml                     YAML instead of JSON
  --out asyncapi.json        a file instead of the output`,
  options: { yaml: { type: 'boolean' }, out: { type: 'string' } },
  run: build
}

export const docsServe: Command = {
  usage: 'faststream docs serve [app | asyncapi.json | asyncapi.yaml] [--host localhost] [--port 3000] [--watch]',
  help: `Serves the page of the AsyncAPI document of an app, or of a file that docs build has written. No cluster is
contacted, and nothing can be published from the page. Ctrl+C ends it.

${LISTENING_HELP}`,
  options: LISTENING,
  run: serve
}

async function build ({ values, positionals: [file], rest, out }: Call): Promise<ExitCode> {
  const app = await loadApp({ file, rest, connects: false })
  try {
    const text = values.yaml === true ? app.asyncapi({ yaml: true }) : `${JSON.stringify(app.asyncapi(), null, 2)}\n`
    const to = textOf(values, 'out')
    if (to === undefined) out.write(text)
    else await writeFile(to, text)
    return 0
  } finally {
    await app.close()
  }
}

async function serve (call: Call): Promise<ExitCode> {
  const { values, positionals: [file] } = call
  const place = placeOf(values)
  const found = fileOf(file)
  if (values.watch === true) {
    return await supervise({ command: ['docs', 'serve'], file: found, place, workers: 1 }, call)
  }
  return await listenUntilEnded(serveDocument(await documentOf(found, call.rest)), place, call)
}

async function documentOf (file: string, rest: readonly string[]): Promise<AsyncapiDocument> {
  if (/\.(json|ya?ml)$/.test(file)) return await readDocument(file)
  const app = await loadApp({ file, rest, connects: false })
  try {
    return app.asyncapi()
  } finally {
    await app.close()
  }
}

/** @throws UsageError */
async function readDocument (file: string): Promise<AsyncapiDocument> {
  try {
    const text = await readFile(file, 'utf8')
    const document: unknown = parse(text)
    if (typeof document === 'object' && document !== null && 'asyncapi' in document) return document as AsyncapiDocument
  } catch (cause) {
    throw new UsageError(`${file} is no YAML or JSON: ${reasonOf(cause)}`, { cause })
  }
  throw new UsageError(`${file} is no AsyncAPI document: it has no member 'asyncapi'`)
}

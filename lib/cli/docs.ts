import { writeFile } from 'node:fs/promises'
import { textOf, type Call, type Command, type ExitCode } from './command.js'
import { loadApp } from './load-app.js'

export const docsBuild: Command = {
  usage: 'faststream docs build [app] [--yaml] [--out asyncapi.json]',
  help: `Writes the AsyncAPI document of an app. No cluster is contacted.

  --yaml                     YAML instead of JSON
  --out asyncapi.json        a file instead of the output`,
  options: { yaml: { type: 'boolean' }, out: { type: 'string' } },
  run
}

async function run ({ values, positionals: [file], out }: Call): Promise<ExitCode> {
  const app = await loadApp({ file, connects: false })
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

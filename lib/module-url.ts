import { pathToFileURL } from 'node:url'

/** The address of the running module. `own` is its `import.meta.url`, which a bundle in CommonJS does not have. */
export function moduleUrl (own: string | undefined): string {
  return own ?? pathToFileURL(__filename).href
}

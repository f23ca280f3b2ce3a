import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AsyncapiImage } from '../../../types/asyncapi.js'
import type { AsyncapiSettings } from '../settings.js'

/** A file of the page. Its name changes with its content, so that it can be kept for ever. */
export interface Asset {
  /** 'page.3f2a8c10b7e4.js' */
  readonly name: string
  readonly type: string
  readonly identity: Buffer
  readonly br?: Buffer
  readonly gzip?: Buffer
}

export interface Assets {
  readonly script: Asset
  readonly style: Asset
  readonly favicon: Asset
  /** The app's own, after ours. */
  readonly theme: Asset | undefined
  readonly logo: Asset | undefined
}

const STYLE = 'text/css; charset=utf-8'

/** Also in dist/: `npm run build` makes them beside this module. */
const folder = new URL('static/', import.meta.url)
let builtIn: Pick<Assets, 'script' | 'style' | 'favicon'> | undefined

export function loadAssets ({ theme, logo }: Pick<AsyncapiSettings, 'theme' | 'logo'>): Assets {
  builtIn ??= { script: built('page.js', 'text/javascript; charset=utf-8'), style: built('page.css', STYLE), favicon: built('favicon.svg', 'image/svg+xml') }
  return {
    ...builtIn,
    ...(theme.favicon !== undefined && { favicon: image('favicon', theme.favicon) }),
    theme: theme.css === undefined ? undefined : asset('theme.css', STYLE, Buffer.from(theme.css)),
    logo: logo === undefined ? undefined : image('logo', logo)
  }
}

function built (file: string, type: string): Asset {
  const read = (suffix: string): Buffer => readFileSync(new URL(file + suffix, folder))
  return { ...asset(file, type, read('')), br: read('.br'), gzip: read('.gz') }
}

/** A browser takes the type from the header: the name needs no extension. */
function image (name: string, { type, content }: AsyncapiImage): Asset {
  return asset(name, type, Buffer.from(content))
}

function asset (file: string, type: string, identity: Buffer): Asset {
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  const [name, ...extension] = file.split('.')
  return { name: [name, hash, ...extension].join('.'), type, identity }
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AsyncapiImage } from '../../../types/asyncapi.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { moduleUrl } from '../../module-url.js'
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

/** The place of the page's files in the published package. */
const PUBLISHED = 'node_modules/fastify-faststream/dist/lib/asyncapi/site/static'
const STYLE = 'text/css; charset=utf-8'

let builtIn: Pick<Assets, 'script' | 'style' | 'favicon'> | undefined

export function loadAssets ({ theme, logo }: Pick<AsyncapiSettings, 'theme' | 'logo'>): Assets {
  builtIn ??= {
    script: built('page.js', 'text/javascript; charset=utf-8'),
    style: built('page.css', STYLE),
    favicon: built('favicon.svg', 'image/svg+xml')
  }
  return {
    ...builtIn,
    ...(theme.favicon !== undefined && { favicon: image('favicon', theme.favicon) }),
    theme: theme.css === undefined ? undefined : asset('theme.css', STYLE, Buffer.from(theme.css)),
    logo: logo === undefined ? undefined : image('logo', logo)
  }
}

function built (file: string, type: string): Asset {
  return { ...asset(file, type, read(file)), br: read(`${file}.br`), gzip: read(`${file}.gz`) }
}

/** `npm run build` puts the files beside this module, in dist/ as well. A bundle moves the module without them. */
function read (file: string): Buffer {
  const folder = new URL('static/', moduleUrl(import.meta.url))
  try {
    return readFileSync(new URL(file, folder))
  } catch {
    const path = fileURLToPath(folder)
    const cure = `must be false, or the files of its page must be in ${path}: copy them from '${PUBLISHED}'`
    throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi', cure)
  }
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

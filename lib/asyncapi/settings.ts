import type { AsyncapiImage, AsyncapiOptions, AsyncapiPublish, AsyncapiTheme } from '../../types/asyncapi.js'
import { callable, list, oneOf, onlyKnown, text, yesOrNo } from '../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** Options without a default. */
type Absent = 'externalDocs' | 'jsonSchema' | 'transform' | 'publish' | 'logo'

/** The option `asyncapi`, checked and complete. */
export interface AsyncapiSettings extends Required<Omit<AsyncapiOptions, Absent>>, Pick<AsyncapiOptions, Absent> {
  /** True when the option was given. */
  readonly written: boolean
  /** True when there are routes. */
  readonly served: boolean
  readonly showHosts: boolean
}

const KNOWN = [
  'routePrefix', 'hooks', 'theme', 'logo', 'specVersion', 'info', 'servers', 'tags', 'externalDocs', 'jsonSchema',
  'transform', 'publish'
]
const TEXTS = ['title', 'version', 'description', 'termsOfService']

export function normaliseAsyncapi (given: AsyncapiOptions | boolean | undefined): AsyncapiSettings {
  const production = process.env.NODE_ENV === 'production'
  const options = typeof given === 'object' ? given : {}
  if (given !== undefined && typeof given !== 'boolean') onlyKnown('asyncapi.', given, KNOWN)
  const { routePrefix = '/asyncapi', hooks = {}, theme = {}, specVersion = '3.0.0' } = options
  const { info = {}, servers = {}, tags = [], logo, externalDocs, jsonSchema, transform, publish } = options
  if (!/^(\/[^/*?#]+)*$/.test(routePrefix)) {
    const cure = "must begin with '/', not end with it, and have no '*', '?' or '#'"
    throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.routePrefix', cure)
  }
  onlyKnown('asyncapi.hooks.', hooks, ['onRequest', 'preHandler'])
  checkTheme(theme)
  if (logo !== undefined) checkImage('asyncapi.logo', logo)
  oneOf('asyncapi.specVersion', specVersion, ['3.0.0', '3.1.0'])
  checkInfo(info)
  onlyKnown('asyncapi.servers.', servers, Object.keys(servers))
  for (const [name, server] of Object.entries(servers)) {
    texts(`asyncapi.servers.${name}`, server, ['host', 'title', 'description', 'protocolVersion'])
  }
  list('asyncapi.tags', tags)
  for (const tag of tags) {
    texts('asyncapi.tags', tag, ['name', 'description'])
    text('asyncapi.tags.name', tag.name)
  }
  if (externalDocs !== undefined) {
    texts('asyncapi.externalDocs', externalDocs, ['url', 'description'])
    text('asyncapi.externalDocs.url', externalDocs.url)
  }
  if (jsonSchema !== undefined) {
    const cure = 'must be a function of a declared schema: it returns JSON Schema, or undefined'
    callable('asyncapi.jsonSchema', jsonSchema, cure)
  }
  if (transform !== undefined) callable('asyncapi.transform', transform, 'must be a function of the document')
  if (publish !== undefined) checkPublish(publish, production)
  return {
    written: given !== undefined,
    // It shows the topology.
    served: given === undefined ? !production : given !== false,
    showHosts: !production,
    routePrefix,
    hooks,
    theme,
    logo,
    specVersion,
    info,
    servers,
    tags,
    externalDocs,
    jsonSchema,
    transform,
    publish
  }
}

function checkTheme (theme: AsyncapiTheme): void {
  onlyKnown('asyncapi.theme.', theme, ['title', 'css', 'favicon'])
  const { title, css, favicon } = theme
  if (title !== undefined) text('asyncapi.theme.title', title)
  if (css !== undefined) text('asyncapi.theme.css', css)
  if (favicon !== undefined) checkImage('asyncapi.theme.favicon', favicon)
}

function checkImage (option: string, image: AsyncapiImage): void {
  onlyKnown(`${option}.`, image, ['type', 'content'])
  const { type, content } = image
  if (typeof type !== 'string' || !/^image\/[\w.+-]+$/.test(type)) {
    const cure = "must be the media type of an image, as 'image/svg+xml'"
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.type`, cure)
  }
  if (!(content instanceof Uint8Array)) text(`${option}.content`, content)
}

function checkPublish (publish: AsyncapiPublish, inProduction: boolean): void {
  onlyKnown('asyncapi.publish.', publish, ['authorize', 'production'])
  const { authorize, production = false } = publish
  const cure = 'must be a function of request and operation: it says who may publish'
  callable('asyncapi.publish.authorize', authorize, cure)
  if (!yesOrNo('asyncapi.publish.production', production) && inProduction) {
    const cure = 'must be true in production: whom authorize lets through writes to real topics'
    throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.publish.production', cure)
  }
}

function checkInfo (info: NonNullable<AsyncapiOptions['info']>): void {
  onlyKnown('asyncapi.info.', info, [...TEXTS, 'contact', 'license'])
  const { contact = {}, license, ...rest } = info
  texts('asyncapi.info', rest, TEXTS)
  texts('asyncapi.info.contact', contact, ['name', 'url', 'email'])
  if (license === undefined) return
  texts('asyncapi.info.license', license, ['name', 'url'])
  text('asyncapi.info.license.name', license.name)
}

/** An object of nothing but texts. What is undefined is absent: it may come from the environment. */
function texts (option: string, members: object, known: readonly string[]): void {
  onlyKnown(`${option}.`, members, known)
  for (const [name, value] of Object.entries(members)) if (value !== undefined) text(`${option}.${name}`, value)
}

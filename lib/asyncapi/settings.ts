import type { AsyncapiOptions } from '../../types/asyncapi.js'
import { list, oneOf, onlyKnown, text } from '../check.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** The option `asyncapi`, checked and complete. */
export interface AsyncapiSettings extends Required<Omit<AsyncapiOptions, 'externalDocs' | 'transform'>>, Pick<AsyncapiOptions, 'externalDocs' | 'transform'> {
  /** Somebody decided about it. */
  readonly written: boolean
  /** Whether there are routes. */
  readonly served: boolean
  readonly showHosts: boolean
}

const TEXTS = ['title', 'version', 'description', 'termsOfService'] as const

export function normaliseAsyncapi (given: AsyncapiOptions | boolean | undefined): AsyncapiSettings {
  const production = process.env.NODE_ENV === 'production'
  const options = typeof given === 'object' ? given : {}
  if (given !== undefined && typeof given !== 'boolean') onlyKnown('asyncapi.', given, ['routePrefix', 'hooks', 'specVersion', 'info', 'servers', 'tags', 'externalDocs', 'transform'])
  const { routePrefix = '/asyncapi', hooks = {}, specVersion = '3.0.0', info = {}, servers = {}, tags = [], externalDocs, transform } = options
  if (!/^(\/[^/]+)*$/.test(routePrefix)) throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.routePrefix', "must begin with '/', and not end with it")
  onlyKnown('asyncapi.hooks.', hooks, ['onRequest', 'preHandler'])
  oneOf('asyncapi.specVersion', specVersion, ['3.0.0', '3.1.0'])
  checkInfo(info)
  onlyKnown('asyncapi.servers.', servers, Object.keys(servers))
  for (const [name, server] of Object.entries(servers)) {
    onlyKnown(`asyncapi.servers.${name}.`, server, ['host', 'title', 'description', 'protocolVersion'])
    for (const [member, value] of Object.entries(server)) text(`asyncapi.servers.${name}.${member}`, value)
  }
  list('asyncapi.tags', tags)
  for (const tag of tags) {
    onlyKnown('asyncapi.tags.', tag, ['name', 'description'])
    text('asyncapi.tags.name', tag.name)
  }
  if (externalDocs !== undefined) {
    onlyKnown('asyncapi.externalDocs.', externalDocs, ['url', 'description'])
    text('asyncapi.externalDocs.url', externalDocs.url)
  }
  if (transform !== undefined && typeof transform !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.transform', 'must be a function of the document')
  return {
    written: given !== undefined,
    // It shows the topology.
    served: given === undefined ? !production : given !== false,
    showHosts: !production,
    routePrefix,
    hooks,
    specVersion,
    info,
    servers,
    tags,
    externalDocs,
    transform
  }
}

function checkInfo (info: NonNullable<AsyncapiOptions['info']>): void {
  onlyKnown('asyncapi.info.', info, [...TEXTS, 'contact', 'license'])
  for (const member of TEXTS) {
    if (info[member] !== undefined) text(`asyncapi.info.${member}`, info[member])
  }
  if (info.contact !== undefined) onlyKnown('asyncapi.info.contact.', info.contact, ['name', 'url', 'email'])
  if (info.license === undefined) return
  onlyKnown('asyncapi.info.license.', info.license, ['name', 'url'])
  text('asyncapi.info.license.name', info.license.name)
}

import type { AsyncapiDocument, AsyncapiInfo } from '../../../types/asyncapi.js'
import { isObject, withDefaults } from '../../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { AppPackage } from './app-package.js'
import { Channels } from './channels.js'
import type { Described } from './description.js'
import { CORRELATION_IDS, Messages } from './messages.js'
import { compare } from './names.js'
import { Operations, type Origin } from './operations.js'
import { Servers } from './servers.js'
import type { AsyncapiSettings } from '../settings.js'

export interface Created {
  readonly document: AsyncapiDocument
  /** Of its operations, by id. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Which schemas have no JSON Schema that is known, and why. */
  readonly unknownSchemas: readonly string[]
}

/** The document of an app: all of its brokers. The same app gives the same text, in whatever order it declares things. */
export function createDocument (
  described: readonly Described[], settings: AsyncapiSettings, { name, version }: AppPackage
): Created {
  const brokers = [...described].sort((a, b) => Number(b.name === 'default') - Number(a.name === 'default') || compare(a.name, b.name))
  const { specVersion, info, tags, externalDocs, transform, jsonSchema } = settings
  const servers = new Servers(brokers, settings)
  const channels = new Channels()
  const messages = new Messages()
  const operations = new Operations(brokers, channels, messages, jsonSchema)

  const document = {
    asyncapi: specVersion,
    info: { ...withDefaults<AsyncapiInfo>({ title: name ?? brokers[0]?.clientId, version: version ?? '0.0.0' }, info), ...(tags.length > 0 && { tags }), externalDocs },
    servers: servers.servers,
    channels: channels.write(servers),
    operations: operations.write(),
    components: {
      securitySchemes: servers.securitySchemes,
      correlationIds: messages.empty ? undefined : CORRELATION_IDS,
      messages: messages.messages,
      schemas: messages.components.schemas
    }
  }
  // Without the members that are undefined, and nothing in it is shared with the app.
  const plain = JSON.parse(JSON.stringify(document)) as AsyncapiDocument
  return { document: transform === undefined ? plain : transformed(plain, transform), origins: operations.origins, unknownSchemas: [...operations.unknownSchemas] }
}

/** It is easily changed without being returned, and a promise of it would be written as {}. */
function transformed (document: AsyncapiDocument, transform: NonNullable<AsyncapiSettings['transform']>): AsyncapiDocument {
  const result = transform(document)
  if (!isObject(result) || typeof result.asyncapi !== 'string' || !isObject(result.info)) throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.transform', 'must return the document, and no promise of it')
  return result
}

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
  /** Origins of its operations, by id. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Schemas without a known JSON Schema, with the reason. */
  readonly unknownSchemas: readonly string[]
}

/** The document of an app with all of its brokers. The same declarations, in any order, give the same text. */
export function createDocument (
  described: readonly Described[], settings: AsyncapiSettings, { name, version }: AppPackage
): Created {
  const isDefault = (broker: Described): number => Number(broker.name === 'default')
  const brokers = [...described].sort((a, b) => isDefault(b) - isDefault(a) || compare(a.name, b.name))
  const { specVersion, info, tags, externalDocs, transform, jsonSchema } = settings
  const servers = new Servers(brokers, settings)
  const channels = new Channels()
  const messages = new Messages()
  const operations = new Operations(brokers, channels, messages, jsonSchema)
  const fromPackage = { title: name ?? brokers[0]?.clientId, version: version ?? '0.0.0' }
  const document = {
    asyncapi: specVersion,
    info: { ...withDefaults<AsyncapiInfo>(fromPackage, info), ...(tags.length > 0 && { tags }), externalDocs },
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
  const plain: AsyncapiDocument = JSON.parse(JSON.stringify(document))
  return {
    document: transform === undefined ? plain : transformed(plain, transform),
    origins: operations.origins,
    unknownSchemas: [...operations.unknownSchemas]
  }
}

/** Checks what `transform` returns: it may change the document without returning it, or return a promise of it. */
function transformed (
  document: AsyncapiDocument, transform: NonNullable<AsyncapiSettings['transform']>
): AsyncapiDocument {
  const result = transform(document)
  if (!isObject(result) || typeof result.asyncapi !== 'string' || !isObject(result.info)) {
    const cure = 'must return the document, and no promise of it'
    throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi.transform', cure)
  }
  return result
}

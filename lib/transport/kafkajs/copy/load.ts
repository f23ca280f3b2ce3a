import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { AssignerProtocol, CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { FASTSTREAM_ERR_KAFKAJS } from '../../../errors.js'
import { privateModules } from '../modules.js'
import type { Load } from '../modules.js'
import { replacements, shared } from './replacements.js'

/** What our transport uses of kafkajs. */
export interface KafkajsCopy {
  readonly Kafka: typeof Kafka
  readonly logLevel: typeof logLevel
  readonly CompressionTypes: typeof CompressionTypes
  readonly AssignerProtocol: typeof AssignerProtocol
  /** A module of the copy by its path in the package, such as `src/protocol/error.js`. */
  readonly load: Load
}

/** The one that the replacements were written for. */
const version = '2.2.4'

let copy: KafkajsCopy | undefined

/** The private, patched copy of kafkajs, one per process. Throws `FASTSTREAM_ERR_KAFKAJS`. */
export function loadKafkajs (): KafkajsCopy {
  copy ??= loadKafkajsFrom(import.meta.url)
  return copy
}

/** As `loadKafkajs`, but a new copy of the kafkajs that the file or URL `from` would import. */
export function loadKafkajsFrom (from: string): KafkajsCopy {
  const { root, found } = find(from)
  if (found !== version) throw new FASTSTREAM_ERR_KAFKAJS(`${root} is version ${found}, install exactly ${version}`)
  try {
    const used = new Set<string>()
    const load = privateModules(root, new Map(Array.from(replacements, ([path, replacement]) => [path, (...args) => {
      used.add(path)
      return replacement(...args)
    }])), shared)
    const kafkajs = load('index.js') as Omit<KafkajsCopy, 'load'>
    return { ...kafkajs, load }
  } catch (err) {
    throw new FASTSTREAM_ERR_KAFKAJS(`${(err as Error).message}. Is ${root} as it was published? Install it anew, without patches`, { cause: err })
  }
}

function find (from: string): { root: string, found: string } {
  const require = createRequire(from)
  try {
    const manifest = require.resolve('kafkajs/package.json')
    return { root: dirname(manifest), found: (require(manifest) as { version: string }).version }
  } catch (err) {
    throw new FASTSTREAM_ERR_KAFKAJS('it is not on disk (a bundle must leave it out)', { cause: err })
  }
}

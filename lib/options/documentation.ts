import type { Documentation, MessageExample } from '../../types/asyncapi.js'
import { list, onlyKnown, text, yesOrNo } from './assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** The documentation of a subscriber or publisher, checked and complete. */
export interface About {
  readonly title: string | undefined
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly deprecated: boolean
  readonly examples: NonNullable<Documentation['examples']>
}

/** The names of these options. `includeInSchema` is an inherited one. */
export const DOCUMENTATION = ['title', 'description', 'tags', 'deprecated', 'examples']

export function normaliseDocumentation (written: Documentation): About {
  const { title, description, tags = [], deprecated = false, examples = [] } = written
  if (title !== undefined) text('title', title)
  if (description !== undefined) text('description', description)
  list('tags', tags)
  for (const tag of tags) text('tags', tag)
  list('examples', examples)
  for (const example of examples) checkExample(example)
  return {
    title,
    description,
    tags,
    deprecated: yesOrNo('deprecated', deprecated),
    examples
  }
}

function checkExample (example: MessageExample): void {
  onlyKnown('examples.', example, ['name', 'summary', 'value', 'headers'])
  if (isWritable(example)) return
  const cure = 'must be what JSON can write: no BigInt, and nothing that contains itself'
  throw new FASTSTREAM_ERR_INVALID_OPTION('examples', cure)
}

function isWritable (example: object): boolean {
  try {
    return JSON.stringify(example) !== undefined
  } catch {
    return false
  }
}

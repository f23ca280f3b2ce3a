import type { Documentation } from '../../types/asyncapi.js'
import { list, onlyKnown, text, yesOrNo } from './assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** What subscribers and publishers say about themselves, checked and complete. */
export interface About {
  readonly title: string | undefined
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly deprecated: boolean
  readonly examples: NonNullable<Documentation['examples']>
  readonly includeInSchema: boolean
}

/** The names of those options, for lists of known ones. */
export const DOCUMENTATION = ['title', 'description', 'tags', 'deprecated', 'examples', 'includeInSchema']

export function normaliseDocumentation ({ title, description, tags = [], deprecated = false, examples = [], includeInSchema }: Documentation, inherited: boolean): About {
  if (title !== undefined) text('title', title)
  if (description !== undefined) text('description', description)
  list('tags', tags)
  for (const tag of tags) text('tags', tag)
  list('examples', examples)
  for (const example of examples) {
    onlyKnown('examples.', example, ['name', 'summary', 'value', 'headers'])
    if (!isWritable(example)) throw new FASTSTREAM_ERR_INVALID_OPTION('examples', 'must be what JSON can write: no BigInt, and nothing that contains itself')
  }
  return {
    title,
    description,
    tags,
    deprecated: yesOrNo('deprecated', deprecated),
    examples,
    includeInSchema: yesOrNo('includeInSchema', includeInSchema ?? inherited)
  }
}

function isWritable (example: object): boolean {
  try {
    return JSON.stringify(example) !== undefined
  } catch {
    return false
  }
}

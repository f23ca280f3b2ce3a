import type { Model, Operation } from './model.js'

/** Group of operations: a section of the page and of the sidebar. */
export interface Group {
  readonly title: string
  readonly description?: string | undefined
  readonly operations: readonly Operation[]
  /** True when the section is closed at first. */
  readonly folded: boolean
}

/**
 * Groups the operations by their first tag, in the order of the document's tags. Without tags there are two groups:
 * what the app receives and what it sends. Dead letters have a group of their own: they may be half of all operations.
 * It is open at first where the page shows the letters of one.
 */
export function groupsOf ({ operations, tags }: Model, hasLetters: (operationId: string) => boolean): Group[] {
  const deadLetters = operations.filter(({ kind }) => kind === 'dead-letter')
  const own = operations.filter(({ kind }) => kind !== 'dead-letter')
  const used = own.flatMap(({ tags }) => tags.slice(0, 1)).sort()
  const names = [...new Set([...tags.keys(), ...used])]
  const group = (title: string, operations: readonly Operation[], description?: string): Group => {
    return { title, description, operations, folded: false }
  }
  const untagged = own.filter(({ tags }) => tags.length === 0)
  const receives = untagged.filter(({ kind }) => kind === 'receive')
  const sends = untagged.filter(({ kind }) => kind === 'send')
  return [
    ...names.map((name) => group(name, own.filter(({ tags }) => tags[0] === name), tags.get(name))),
    ...used.length === 0 ? [group('Receives', receives), group('Sends', sends)] : [group('Without a tag', untagged)],
    { title: 'Dead letters', operations: deadLetters, folded: !deadLetters.some(({ id }) => hasLetters(id)) }
  ].filter(({ operations }) => operations.length > 0)
}

import type { History } from './history.js'

/**
 * Returns the part of a history that the checker can judge after its topic was deleted and created anew. Messages that
 * were sent before, and are not in the new topic, are left out with their effects: the checker cannot read them.
 */
export function sinceRecreation (history: History): History {
  const { faults, log, published, effects, letters, commits } = history
  const recreated = Math.max(...faults.filter(({ kind }) => kind === 'topic-recreated').map(({ end }) => end))
  if (recreated === -Infinity) return history
  const kept = new Set(log.map(({ id }) => id))
  const gone = new Set(published.filter(({ id, at = Infinity }) => at < recreated && !kept.has(id)).map(({ id }) => id))
  return {
    ...history,
    published: published.filter(({ id }) => !gone.has(id)),
    effects: effects.filter(({ id }) => !gone.has(id)),
    letters: letters.filter(({ id }) => id === undefined || !gone.has(id)),
    commits: commits.filter(({ at }) => at >= recreated)
  }
}

import type { History } from './history.js'

/**
 * What the checker can judge when the topic was deleted and created anew: nobody can read any more what was in it
 * before. What was sent before and is not in the new topic is left out, and so is what became of it.
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

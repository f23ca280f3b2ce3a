import { perApp } from '../../scope.js'

/** Paths of the routes of dead letters by the names of their brokers. The page shows letters where there is one. */
export const letterPathsOf = perApp<Map<string, string>>(() => new Map())

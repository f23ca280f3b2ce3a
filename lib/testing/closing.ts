import type { FastifyInstance } from 'fastify'
import { rootOf } from '../scope.js'

/** What an app calls when its `close` has ended. */
type Closed = (error?: Error | null) => void

/** Things to do when an app closes. */
export interface Closing {
  /** Called when `close` is. */
  begin (): void
  /** Bounds the time of the close. */
  bound (closing: Promise<undefined>): Promise<undefined>
  /** Lets go of what outlives the app. Called also when the close fails. */
  release (): Promise<void>
  /** Throws what the close shall fail with. */
  check (): void
}

/** Replaces `close` of an app by one that does something more. */
export function onceClosed (app: FastifyInstance, { begin, bound, release, check }: Closing): void {
  const root = rootOf(app)
  const { close } = root
  function checkedClose (this: FastifyInstance, closed?: Closed): Promise<undefined> | undefined {
    begin()
    const closing: Promise<undefined> = Reflect.apply(close, this, [])
    const checked = bound(closing).finally(release).then(check)
    if (closed === undefined) return checked.then(() => undefined)
    checked.then(() => { closed() }, closed)
  }
  Object.assign(root, { close: checkedClose })
}

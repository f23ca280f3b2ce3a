import type { Load, Original } from './modules.js'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests (): void
}

/**
 * Stands in for `src/network/requestQueue/index.js`. kafkajs sets a timer to look after pending requests after every
 * response, also when none is pending, and then with a negative delay: an idle connection never comes to rest.
 * Whatever becomes pending calls this method itself.
 */
export function restingRequestQueue (_load: Load, original: Original): unknown {
  const Base = original() as new (options: object) => RequestQueue

  return class RestingRequestQueue extends Base {
    override scheduleCheckPendingRequests (): void {
      if (this.pending.length > 0) super.scheduleCheckPendingRequests()
    }
  }
}

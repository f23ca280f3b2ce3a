/** Events by which a reader scrolls. Before the first of them, the target of the opened link stays marked. */
const BY_HAND = ['wheel', 'touchmove', 'keydown', 'pointerdown']

export interface FollowScroll {
  /** Reports no element until the reader scrolls. */
  pause (): void
}

/**
 * Reports which element is the first below the top bar, each time that this changes.
 *
 * @param elements in their order on the page
 */
export function followScroll (elements: readonly Element[], tell: (index: number) => void): FollowScroll {
  const visible = new Set<Element>()
  let paused = false
  let last = -1
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target)
      else visible.delete(target)
    }
    const first = elements.findIndex((element) => visible.has(element))
    if (paused || first === -1 || first === last) return
    last = first
    tell(first)
  }, { rootMargin: '-72px 0px -60% 0px' })
  for (const element of elements) observer.observe(element)
  for (const event of BY_HAND) addEventListener(event, () => { paused = false }, { passive: true })
  return { pause () { paused = true; last = -1 } }
}

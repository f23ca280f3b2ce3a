/* Places the boxes of a flow: topics on the left, handlers in the middle, on the right the topics of their results. */

export interface FlowBox {
  /** Identity of the box: a topic that several handlers read or write has one box. */
  readonly key: string
  readonly kind: 'topic' | 'handler' | 'result' | 'dead-letter'
  readonly label: string
  /** Target of the box's link: an operation. */
  readonly hash: string | undefined
}

export interface FlowRow {
  readonly source: FlowBox
  readonly handler: FlowBox
  readonly targets: readonly FlowBox[]
}

export interface Placed extends FlowBox {
  readonly x: number
  readonly y: number
  readonly width: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Placed[]
  readonly arrows: readonly Arrow[]
}

export interface Arrow {
  readonly path: string
  /** End of the arrow, at the left edge of a box. */
  readonly x: number
  readonly y: number
  /** Kind of the box at the end of the arrow. */
  readonly kind: FlowBox['kind']
}

export const BOX = 30
export const PADDING = 12
/** Number of characters above which a label is cut. */
export const LONGEST = 30
const CHARACTER = 7.3
const GAP = 44
const ROW = BOX + 10
/** Length of the tip of an arrow. The next box begins where the tip ends. */
const TIP = 5

export function widthOf (boxes: readonly FlowBox[]): number {
  return Math.max(0, ...boxes.map(({ label }) => Math.min(label.length, LONGEST))) * CHARACTER + 2 * PADDING
}

/** Layout in three columns. A box stands at the middle of the boxes that lead to it, where there is room. */
export function columns (rows: readonly FlowRow[]): Layout {
  const sources = place(rows.map(({ source }, row) => [source, row]))
  const handlers = place(rows.map(({ handler }, row) => [handler, row]))
  const targets = place(rows.flatMap(({ targets }, row) => targets.map((target) => [target, row] as const)))
  const left = column(sources, 0)
  const middle = column(handlers, left.end + GAP)
  const right = column(targets, middle.end + GAP)
  const boxes = [left, middle, right].flatMap(({ boxes }) => [...boxes.values()])
  const arrow = (from: Placed | undefined, to: Placed | undefined): Arrow[] => {
    return from === undefined || to === undefined ? [] : [curve(from, to)]
  }
  const arrows = rows.flatMap(({ source, handler, targets }) => [
    ...arrow(left.boxes.get(source.key), middle.boxes.get(handler.key)),
    ...targets.flatMap((target) => arrow(middle.boxes.get(handler.key), right.boxes.get(target.key)))
  ])
  const bottom = Math.max(0, ...boxes.map(({ y }) => y + BOX))
  return { width: targets.length === 0 ? middle.end : right.end, height: bottom, boxes, arrows }
}

interface Column {
  readonly boxes: ReadonlyMap<string, Placed>
  readonly end: number
}

function column (positions: readonly Position[], x: number): Column {
  const width = widthOf(positions.map(({ box }) => box))
  const boxes = positions.map(({ box, at }) => [box.key, { ...box, x, y: at * ROW, width }] as const)
  return { boxes: new Map(boxes), end: x + width }
}

/** Layout in one column, for narrow windows: a box stands below the box that leads to it. */
export function tree (rows: readonly FlowRow[], width: number): Layout {
  const boxes: Placed[] = []
  const arrows: Arrow[] = []
  const add = (box: FlowBox, parent?: Placed): Placed => {
    const x = parent === undefined ? 0 : parent.x + GAP / 2
    const placed = { ...box, x, y: boxes.length * ROW, width: Math.min(widthOf([box]), width - x) }
    boxes.push(placed)
    if (parent !== undefined) {
      const [end, middle] = [x - TIP, placed.y + BOX / 2]
      const path = `M${parent.x + PADDING} ${parent.y + BOX}V${middle}H${end}`
      arrows.push({ kind: box.kind, x: end, y: middle, path })
    }
    return placed
  }
  const sources = new Map<string, FlowRow[]>()
  for (const row of rows) sources.set(row.source.key, [...sources.get(row.source.key) ?? [], row])
  for (const [first, ...more] of sources.values() as Iterable<[FlowRow, ...FlowRow[]]>) {
    const source = add(first.source)
    for (const { handler, targets } of [first, ...more]) {
      const parent = add(handler, source)
      for (const target of targets) add(target, parent)
    }
  }
  return { width, height: boxes.length * ROW - ROW + BOX, boxes, arrows }
}

interface Position { readonly box: FlowBox, readonly at: number }

/** Places each box once, at the middle of its rows, so that no boxes overlap. */
function place (pairs: ReadonlyArray<readonly [FlowBox, number]>): Position[] {
  const rowsOf = new Map<string, number[]>()
  for (const [{ key }, row] of pairs) rowsOf.set(key, [...rowsOf.get(key) ?? [], row])
  const boxes = [...new Map(pairs.map(([box]) => [box.key, box])).values()]
  const positions = boxes.map((box) => ({ box, at: average(rowsOf.get(box.key) ?? []) })).sort((a, b) => a.at - b.at)
  let free = 0
  return positions.map(({ box, at }) => {
    const row = Math.max(free, at)
    free = row + 1
    return { box, at: row }
  })
}

function average (numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

function curve (from: Placed, to: Placed): Arrow {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + BOX / 2, to.x - TIP, to.y + BOX / 2]
  const bend = (x1 + x2) / 2
  return { kind: to.kind, x: x2, y: y2, path: `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}` }
}

import type { CreateTarget } from '../target.js'
import { answers } from './answers.js'
import { bodies } from './bodies.js'
import { codecs } from './codecs.js'
import { frames } from './frames.js'
import { headers } from './headers.js'
import { assignments, subscriptions } from './members.js'
import { offsets } from './offsets.js'
import { records } from './records.js'

export const TARGETS: Readonly<Record<string, CreateTarget>> = {
  records,
  subscriptions,
  assignments,
  frames,
  answers,
  headers,
  offsets,
  codecs,
  bodies
}

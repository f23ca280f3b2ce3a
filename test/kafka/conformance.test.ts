import t from 'tap'
import { conformance } from '../conformance/suite.js'
import { kafka } from './kafka-world.js'

// About four minutes, and more on a machine that is shared.
t.setTimeout(900_000)

conformance(kafka)

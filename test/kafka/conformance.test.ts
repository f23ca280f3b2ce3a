import { conformance } from '../conformance/suite.js'
import { kafka } from './kafka-world.js'

conformance(kafka)

import { conformance, PARTS } from '../../conformance/suite.js'
import { kafka } from '../kafka-world.js'

conformance(kafka, [PARTS.subscribers])

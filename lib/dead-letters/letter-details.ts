import type { DeadLetterDetails, DeadLetterVerdict } from '../../types/index.js'
import type { RawHeader } from '../transport/transport.js'
import { headersAsJson, Letter } from './letter.js'

/** A letter with the verdict of the app on its message. */
export class LetterDetails extends Letter implements DeadLetterDetails {
  readonly verdict: DeadLetterVerdict
  readonly messageHeaders: readonly RawHeader[]

  constructor (letter: Letter, verdict: DeadLetterVerdict) {
    super(letter, Letter.recordOf(letter), letter.state === 'done')
    this.verdict = verdict
    this.messageHeaders = Letter.messageHeadersOf(letter)
  }

  override toJSON (): object {
    return { ...super.toJSON(), messageHeaders: headersAsJson(this.messageHeaders) }
  }
}

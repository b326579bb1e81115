import { expect, test } from 'vitest'
import { annotationNotes } from '../../../../packages/control-server/src/config/annotations.ts'

test.each<[string, string, string, string | undefined]>([
  ['DestinationRule', 'mesh.weft.dev/lb-policy', 'PEAK_EWMA', undefined],
  ['DestinationRule', 'mesh.weft.dev/lb-policy', 'peak_ewma', 'has no effect: must be PEAK_EWMA, LEAST_REQUEST'],
  ['DestinationRule', 'mesh.weft.dev/lb-polcy', 'PEAK_EWMA', 'did you mean mesh.weft.dev/lb-policy?'],
  ['VirtualService', 'mesh.weft.dev/lb-policy', 'PEAK_EWMA', 'has no effect on a VirtualService'],
  ['VirtualService', 'mesh.weft.dev/mark', 'anything', undefined],
  ['VirtualService', 'mesh.weft.dev/mark', 'two words', 'must be a key of the baggage header'],
  ['VirtualService', 'mesh.weft.dev/hedge-on-per-try-timeout', 'yes', 'must be true, false, not "yes"'],
  ['Service', 'example.com/anything', 'else', undefined],
])('of a %s: %s=%s', (kind, name, value, expected) => {
  const notes = annotationNotes(kind, { annotations: { [name]: value } })
  expect(notes.map(({ field }) => field)).toEqual(expected === undefined ? [] : [`metadata.annotations[${name}]`])
  if (expected !== undefined) expect(notes[0]?.message).toContain(expected)
})

test('of a resource without any', () => expect(annotationNotes('Service', {})).toEqual([]))

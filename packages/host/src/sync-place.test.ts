import { expect, it } from 'vitest'
import { SyncPlace } from './sync-place.js'

const SMALL = 16 * 1024
const LARGE = SMALL + 1

function quickDisk(mayWait: () => boolean = () => true): SyncPlace {
  const place = new SyncPlace(mayWait)
  for (let round = 0; round < 16; round++) {
    expect(place.isHere(SMALL)).toBe(false)
    place.took(SMALL, 0.2)
  }
  return place
}

it('waits in the event loop only when the disk has shown that it is quick', () => {
  expect(quickDisk().isHere(SMALL)).toBe(true)
})

it('waits in the pool for a large sync, which proves nothing either', () => {
  expect(quickDisk().isHere(LARGE)).toBe(false)
  const place = new SyncPlace(() => true)
  for (let round = 0; round < 100; round++) place.took(LARGE, 0.2)
  expect(place.isHere(SMALL)).toBe(false)
})

it('goes back to the pool after one slow sync, and needs the whole proof again', () => {
  for (const bytes of [SMALL, LARGE]) {
    const place = quickDisk()
    place.took(bytes, 30)
    for (let round = 0; round < 15; round++) place.took(SMALL, 0.2)
    expect(place.isHere(SMALL)).toBe(false)
    place.took(SMALL, 0.2)
    expect(place.isHere(SMALL)).toBe(true)
  }
})

it('asks each time whether the event loop may wait', () => {
  let mayWait = false
  const place = quickDisk(() => mayWait)
  expect(place.isHere(SMALL)).toBe(false)
  mayWait = true
  expect(place.isHere(SMALL)).toBe(true)
})
